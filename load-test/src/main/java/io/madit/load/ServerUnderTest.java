package io.madit.load;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, whose memory and processor time can be read. */
final class ServerUnderTest implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration STOP_LIMIT = Duration.ofMinutes(2);

  private final Process process;
  private final String address;

  private ServerUnderTest(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts it with flags of the server's and waits until it is ready. */
  static ServerUnderTest start(List<String> flags, Path log)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-X") || argument.startsWith("-Dai.djl."))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.madit.server.Main"));
    command.addAll(List.of("--host", "127.0.0.1", "--port", "" + port));
    if (flags.stream().noneMatch(flag -> flag.startsWith("--http-port"))) {
      command.addAll(List.of("--http-port", "0"));
    }
    command.addAll(flags);
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    ServerUnderTest server = new ServerUnderTest(process, "127.0.0.1:" + port);
    server.awaitReady(log);
    return server;
  }

  /** A port that nobody listens on at the moment. */
  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private void awaitReady(Path log) throws InterruptedException {
    Instant limit = Instant.now().plus(START_LIMIT);
    try (Caller caller = new Caller(address, 1)) {
      while (!serving(caller.channel())) {
        if (!process.isAlive() || Instant.now().isAfter(limit)) {
          close();
          throw new IllegalStateException("the server did not start, see " + log);
        }
        Thread.sleep(100);
      }
    }
  }

  private static boolean serving(ManagedChannel channel) {
    try {
      channel.resetConnectBackoff();
      return HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(5, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus()
          == ServingStatus.SERVING;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  /** HOST:PORT. */
  String address() {
    return address;
  }

  /** Resident memory in bytes; 0 where the system does not tell. */
  long residentBytes() {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Processor time so far. */
  Duration processorTime() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** kill -9. */
  void kill() {
    process.destroyForcibly();
  }

  /** Waits for its end; its exit code, -1 when it does not end. */
  int awaitExit() throws InterruptedException {
    return process.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS) ? process.exitValue() : -1;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

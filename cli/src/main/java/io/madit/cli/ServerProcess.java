package io.madit.cli;

import io.grpc.ManagedChannel;
import io.grpc.Status;
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

/**
 * A server in a process of its own on free local ports, as it runs in production: only flags go in
 * and only gRPC comes out. Its log goes to a file.
 */
final class ServerProcess implements AutoCloseable {
  private static final String MAIN_CLASS = "io.madit.server.Main";
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(100);

  private final Process process;
  private final Path log;
  private final int port;
  private final Thread hook = new Thread(this::stop, "stop-server");

  private ServerProcess(Process process, Path log, int port) {
    this.process = process;
    this.log = log;
    this.port = port;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Starts a server with bundles, the default one first. It is not ready yet. */
  static ServerProcess start(List<Path> bundles, List<String> flags, Path log) {
    for (Path bundle : bundles) {
      if (!Files.isRegularFile(bundle.resolve("manifest.json"))) {
        throw new CommandFailure(
            "no model bundle at "
                + bundle
                + " (manifest.json is missing); name one with --model DIR");
      }
    }
    try {
      int[] ports = freePorts();
      List<String> command = new ArrayList<>(java());
      command.addAll(List.of("--host", "127.0.0.1"));
      command.addAll(List.of("--port", "" + ports[0], "--http-port", "" + ports[1]));
      bundles.forEach(bundle -> command.addAll(List.of("--model", bundle.toString())));
      command.addAll(flags);
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      // Only this command uses the server: what protects another one is not for it.
      builder.environment().keySet().removeIf(ServerProcess::isProtection);
      return new ServerProcess(builder.start(), log, ports[0]);
    } catch (IOException e) {
      throw new CommandFailure("cannot start the server: " + e.getMessage(), e);
    }
  }

  private static boolean isProtection(String variable) {
    return variable.startsWith("MADIT_TLS_")
        || variable.equals("MADIT_AUTH_TOKENS")
        || variable.equals("MADIT_INSECURE");
  }

  /** HOST:PORT of its gRPC port. */
  String address() {
    return "127.0.0.1:" + port;
  }

  /** Waits until health says SERVING: models loaded and warmed up. */
  void awaitReady(ManagedChannel channel) {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (!serving(channel)) {
      if (!process.isAlive()) {
        throw new CommandFailure("the server did not start: " + lastLogLine());
      }
      if (Instant.now().isAfter(limit)) {
        throw new CommandFailure(
            "the server is not ready after " + START_LIMIT.toMinutes() + " minutes");
      }
      sleep();
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
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        throw e;
      }
      return false;
    }
  }

  private String lastLogLine() {
    try {
      return Files.readAllLines(log).stream()
          .filter(line -> !line.isBlank())
          .reduce((before, last) -> last)
          .orElse("it wrote no log");
    } catch (IOException e) {
      return "see " + log;
    }
  }

  /** Terminates it gracefully, or by force after a while. */
  @Override
  public void close() {
    stop();
    Runtime.getRuntime().removeShutdownHook(hook);
  }

  private void stop() {
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

  /** This Java with this class path and the same memory settings. */
  private static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-X") || argument.startsWith("-Dai.djl."))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN_CLASS));
    return command;
  }

  private static int[] freePorts() throws IOException {
    InetAddress local = InetAddress.getLoopbackAddress();
    try (ServerSocket grpc = new ServerSocket(0, 1, local);
        ServerSocket http = new ServerSocket(0, 1, local)) {
      return new int[] {grpc.getLocalPort(), http.getLocalPort()};
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(POLL.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("interrupted", e);
    }
  }
}

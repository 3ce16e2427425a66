package io.madit.containers;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.madit.client.MaditClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * A container of the image, always as README.md says to run it: read-only file system, no
 * capabilities, and the image's own user.
 */
final class Server extends GenericContainer<Server> {
  static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();

  /** 64 x 64 pixels, 16 ids below 64; random weights. */
  static final Path PICO =
      ROOT.resolve(Path.of("server", "src", "test", "resources", "models", "pico-buffer"));

  /** Marks what a killed run leaves, for {@code build-image}. */
  private static final String LABEL = "madit-integration-test";

  private static final int GRPC_PORT = 8500;
  private static final int HTTP_PORT = 8501;

  private final List<String> flags = new ArrayList<>();
  private final List<Bind> mounts = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private long memoryBytes;

  private Server() {
    super(DockerImageName.parse(System.getProperty("madit.image")));
    withImagePullPolicy(image -> false);
    withLabel(LABEL, "");
    withExposedPorts(GRPC_PORT, HTTP_PORT);
    withCreateContainerCmdModifier(command -> harden(command.getHostConfig()));
    waitingFor(Wait.forHttp("/readyz").forPort(HTTP_PORT));
    withStartupTimeout(Duration.ofMinutes(3));
  }

  /** With madit-nano, the image's own model, in plain text. */
  static Server nano() {
    return new Server().with("--insecure");
  }

  /** With the small test model, in plain text. */
  static Server pico() {
    return serving(PICO).with("--insecure");
  }

  /** With a bundle of this machine; neither plain text nor TLS is chosen yet. */
  static Server serving(Path bundle) {
    return new Server().with("--model", "/models/test").mounting(bundle, "/models/test");
  }

  /** Adds flags of the server. */
  Server with(String... more) {
    flags.addAll(Arrays.asList(more));
    return withCommand(flags.toArray(String[]::new));
  }

  /**
   * Shows a file or folder of this machine, read-only. The image's user must be able to read it.
   */
  Server mounting(Path from, String to) {
    mounts.add(new Bind(from.toAbsolutePath().toString(), new Volume(to), AccessMode.ro));
    return this;
  }

  /** Bounds the container's memory; nothing is swapped. */
  Server withMemory(long bytes) {
    memoryBytes = bytes;
    return this;
  }

  /** Does not wait for its first answer: this container is to fail. */
  Server awaitingTheEnd() {
    withStartupCheckStrategy(
        new StartupCheckStrategy() {
          @Override
          public StartupStatus checkStartupState(DockerClient docker, String container) {
            return StartupStatus.SUCCESSFUL;
          }
        });
    return waitingFor(
        new AbstractWaitStrategy() {
          @Override
          protected void waitUntilReady() {}
        });
  }

  private void harden(HostConfig host) {
    host.withReadonlyRootfs(true)
        .withCapDrop(Capability.ALL)
        .withSecurityOpts(List.of("no-new-privileges"))
        .withTmpFs(Map.of("/tmp", "rw,exec"))
        .withBinds(mounts);
    if (memoryBytes > 0) {
      host.withMemory(memoryBytes).withMemorySwap(memoryBytes);
    }
  }

  int port() {
    return getMappedPort(GRPC_PORT);
  }

  /** {@code HOST:PORT} of gRPC. */
  String address() {
    return getHost() + ":" + port();
  }

  /** {@code http://HOST:PORT} of metrics and probes. */
  String httpAddress() {
    return "http://" + getHost() + ":" + getMappedPort(HTTP_PORT);
  }

  MaditClient client() {
    return MaditClient.builder(address()).build();
  }

  /** A plain connection, closed with the container. */
  ManagedChannel channel() {
    ManagedChannel channel =
        Grpc.newChannelBuilder(address(), InsecureChannelCredentials.create()).build();
    channels.add(channel);
    return channel;
  }

  /** Sends {@code TERM} or {@code KILL} to the container's first process. */
  void signal(String name) {
    getDockerClient().killContainerCmd(getContainerId()).withSignal(name).exec();
  }

  /** Waits for the end. */
  int exitCode() {
    return getDockerClient().waitContainerCmd(getContainerId()).start().awaitStatusCode();
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    super.close();
  }
}

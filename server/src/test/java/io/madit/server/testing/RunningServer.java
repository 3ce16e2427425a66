package io.madit.server.testing;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.madit.server.config.ConnectionConfig;
import io.madit.server.config.LimitsConfig;
import io.madit.server.config.ModelConfig;
import io.madit.server.config.NetworkConfig;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.config.SchedulingConfig;
import io.madit.server.config.SecurityConfig;
import io.madit.server.config.ServerConfig;
import io.madit.server.engine.Batching;
import io.madit.server.lifecycle.MaditServer;
import io.madit.server.model.DjlRuntimeLoader;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.RuntimeLoader;
import io.madit.server.model.TorchDevice;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceBlockingStub;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The real server on free ports with real bundles, and a channel to it. */
public final class RunningServer implements AutoCloseable {
  public static final int MAX_PICTURES = 12;
  public static final int MAX_PICTURES_PER_STREAM = 4;
  public static final LimitsConfig LIMITS =
      new LimitsConfig(
          MAX_PICTURES,
          MAX_PICTURES,
          MAX_PICTURES_PER_STREAM,
          Duration.ofMinutes(2),
          1 << 30,
          4096,
          1 << 20,
          Duration.ofMinutes(1));
  public static final SchedulingConfig SCHEDULING =
      new SchedulingConfig(
          Batching.CONTINUOUS, Duration.ofSeconds(10), true, Duration.ofMinutes(5));
  public static final Duration DRAIN = Duration.ofSeconds(30);
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  private final MaditServer server;
  private final ManagedChannel channel;

  private RunningServer(MaditServer server) {
    this.server = server;
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .maxInboundMessageSize(32 << 20)
            .build();
  }

  /** Serves the named test bundles; the first is the default model. */
  public static RunningServer start(String... bundles) throws Exception {
    return start(
        Arrays.stream(bundles).map(b -> Resources.path("models/" + b)).toArray(Path[]::new));
  }

  public static RunningServer start(Path... bundles) throws Exception {
    return start(
        new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32),
        new ObservabilityConfig(false, true, false),
        bundles);
  }

  /** Serves test bundles on a runtime of the caller's. */
  public static RunningServer start(
      RuntimeLoader loader, ObservabilityConfig observability, Path... bundles) throws Exception {
    return start(loader, config(observability, LIMITS, SCHEDULING, DRAIN, bundles));
  }

  /** Serves pico-buffer with other bounds than usual. */
  public static RunningServer start(
      RuntimeLoader loader, LimitsConfig limits, SchedulingConfig scheduling, Duration drain)
      throws Exception {
    ObservabilityConfig quiet = new ObservabilityConfig(false, false, false);
    return start(
        loader, config(quiet, limits, scheduling, drain, Resources.path("models/pico-buffer")));
  }

  private static RunningServer start(RuntimeLoader loader, ServerConfig config) throws Exception {
    return new RunningServer(MaditServer.start(config, loader, "test"));
  }

  private static ServerConfig config(
      ObservabilityConfig observability,
      LimitsConfig limits,
      SchedulingConfig scheduling,
      Duration drain,
      Path... bundles) {
    return new ServerConfig(
        new NetworkConfig("127.0.0.1", 0, 0, MAX_MESSAGE_BYTES, ConnectionConfig.DEFAULT),
        SecurityConfig.LOCAL,
        new ModelConfig(List.of(bundles), TorchDevice.CPU, PrecisionChoice.FLOAT32, 1),
        limits,
        scheduling,
        observability,
        drain);
  }

  public ManagedChannel channel() {
    return channel;
  }

  /** Calls fail after a minute instead of hanging the build. */
  public VisualTokenServiceBlockingStub blocking() {
    return VisualTokenServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  public VisualTokenServiceGrpc.VisualTokenServiceStub async() {
    return VisualTokenServiceGrpc.newStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  /** What a GET answered. */
  public record Page(int status, String type, String body) {}

  public Page get(String path) throws IOException, InterruptedException {
    return get(path, "*/*");
  }

  /**
   * What a GET answers.
   *
   * @param accept the formats the reader takes
   */
  public Page get(String path, String accept) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.httpPort() + path);
    var response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(uri).header("Accept", accept).build(),
                BodyHandlers.ofString());
    return new Page(
        response.statusCode(),
        response.headers().firstValue("Content-Type").orElse(""),
        response.body());
  }

  /** The value of a metric without labels. */
  public double metric(String name) throws IOException, InterruptedException {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no metric " + name));
  }

  public MaditServer server() {
    return server;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.stop();
  }
}

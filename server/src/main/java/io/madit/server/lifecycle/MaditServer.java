package io.madit.server.lifecycle;

import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.protobuf.services.HealthStatusManager;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.server.admission.Admission;
import io.madit.server.admission.AdmissionLimits;
import io.madit.server.config.ConfigException;
import io.madit.server.config.LimitsConfig;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.config.SchedulingConfig;
import io.madit.server.config.ServerConfig;
import io.madit.server.engine.Engine;
import io.madit.server.engine.EngineSettings;
import io.madit.server.engine.EngineStats;
import io.madit.server.image.PictureEncoder;
import io.madit.server.image.PictureLimits;
import io.madit.server.image.PictureReader;
import io.madit.server.model.Bundle;
import io.madit.server.model.BundleException;
import io.madit.server.model.Manifest;
import io.madit.server.model.RuntimeLoader;
import io.madit.server.model.TextTokenizer;
import io.madit.server.oip.InferenceRpc;
import io.madit.server.rpc.AwaitingPictures;
import io.madit.server.rpc.CallContext;
import io.madit.server.rpc.InFlight;
import io.madit.server.rpc.LoadReports;
import io.madit.server.rpc.ModelRegistry;
import io.madit.server.rpc.OutputWriter;
import io.madit.server.rpc.ServedModel;
import io.madit.server.rpc.VisualTokenRpc;
import io.madit.server.security.ServerSecurity;
import io.madit.server.telemetry.ServerMetrics;
import io.madit.server.telemetry.Telemetry;
import io.madit.v1.VisualTokenServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A running server. It is ready when {@link #start} returns: models are loaded and have drawn once.
 *
 * <p>{@link #stop} keeps one order: health NOT_SERVING, nothing new is accepted, admitted pictures
 * finish within the drain time, the engine thread ends, connections close.
 */
public final class MaditServer {
  private static final Duration LAST_ANSWERS = Duration.ofSeconds(5);

  private final ServerConfig config;
  private final ServerSecurity security;
  private final HealthStatusManager health = new HealthStatusManager();
  private final Telemetry telemetry;
  private final LoadReports load;
  private final Engine engine;
  private final PictureEncoder encoder;
  private final ExecutorService calls;
  private final Admission admission;
  private final AwaitingPictures awaiting;
  private final InFlight inFlight = new InFlight();
  private final ModelRegistry models;
  private final Server grpc;
  private final HttpEndpoints http;
  private final ScheduledExecutorService timer;

  /** Fails when the engine has died or hangs. */
  private final CompletableFuture<Void> ended;

  private volatile boolean stopping;
  private boolean stopped;

  private MaditServer(
      ServerConfig config,
      ServerSecurity security,
      List<Bundle> bundles,
      Engine engine,
      Telemetry telemetry,
      String version)
      throws IOException, BundleException {
    this.config = config;
    this.security = security;
    this.engine = engine;
    this.telemetry = telemetry;
    LimitsConfig limits = config.limits();
    admission = new Admission(admissionLimits(config), engine::load, System::nanoTime);
    awaiting = new AwaitingPictures(limits.tokensTimeout());
    encoder =
        new PictureEncoder(Runtime.getRuntime().availableProcessors(), 4 * limits.maxPictures());
    models = new ModelRegistry(served(bundles, engine));
    calls = callThreads();
    CallContext context =
        new CallContext(
            engine,
            models,
            admission,
            awaiting,
            inFlight,
            new OutputWriter(encoder),
            telemetry.metrics(),
            new SecureRandom());
    PictureReader reader =
        new PictureReader(
            new PictureLimits(config.network().maxMessageBytes(), limits.maxPicturePixels()));
    VisualTokenRpc service =
        new VisualTokenRpc(context, reader, limits.maxPicturesPerStream(), version);
    InferenceRpc inference =
        new InferenceRpc(context, limits.maxPicturesPerStream(), version, this::ready);
    load =
        new LoadReports(
            () -> (double) admission.pictures() / limits.maxPictures(), admission::backlogSeconds);
    ServerMetrics metrics = telemetry.metrics();
    metrics.watchEngine(engine::stats);
    metrics.watchMemory(config.model().device());
    bundles.forEach(bundle -> metrics.watchCosts(bundle.id(), () -> engine.costs(bundle)));
    metrics.watch("madit.pictures.admitted", "Pictures in the server", admission::pictures);
    metrics.watch("madit.pictures.awaiting", "Pictures whose ids are coming", awaiting::count);
    metrics.watch("madit.backlog.seconds", "Device work inside", admission::backlogSeconds);
    metrics.watch(
        "madit.admission.caution", "Factor on predictions that deadlines meet", admission::caution);
    metrics.watch("madit.state.bytes", "Device state admitted", admission::stateBytes);
    metrics.watch("madit.encodings.queued", "Pictures waiting to be encoded", encoder::queued);
    grpc = grpc(service, inference);
    http =
        new HttpEndpoints(config.network().httpAddress(), this::live, this::ready, metrics::scrape);
    ended = engine.terminated();
    timer = timer(limits.tokensTimeout());
    health.setStatus("", ServingStatus.SERVING);
    health.setStatus(VisualTokenServiceGrpc.SERVICE_NAME, ServingStatus.SERVING);
    health.setStatus(GRPCInferenceServiceGrpc.SERVICE_NAME, ServingStatus.SERVING);
  }

  /**
   * Loads and starts everything. When interrupted, undoes what was done; a script call that runs is
   * waited for.
   *
   * @throws ConfigException when a credential file cannot be used
   * @throws BundleException when a bundle does not fit
   * @throws IOException when a port is taken
   */
  public static MaditServer start(ServerConfig config, RuntimeLoader loader, String version)
      throws ConfigException, IOException, BundleException, InterruptedException {
    ServerSecurity security = ServerSecurity.open(config.security());
    try {
      return start(config, security, loader, version);
    } catch (IOException | BundleException | InterruptedException | RuntimeException e) {
      security.close();
      throw e;
    }
  }

  private static MaditServer start(
      ServerConfig config, ServerSecurity security, RuntimeLoader loader, String version)
      throws IOException, BundleException, InterruptedException {
    List<Bundle> bundles = new ArrayList<>();
    for (Path folder : config.model().folders()) {
      try {
        bundles.add(Bundle.load(folder));
      } catch (BundleException e) {
        throw new IllegalStateException("bundle " + folder + ": " + e.getMessage(), e);
      }
    }
    ObservabilityConfig observability = config.observability();
    Telemetry telemetry =
        Telemetry.start(observability.tracing(), observability.accessLog(), version);
    Engine engine =
        Engine.start(bundles, loader, engineSettings(config), telemetry.metrics()::recordRound);
    try {
      WarmUp.run(engine, bundles);
      return new MaditServer(config, security, bundles, engine, telemetry, version);
    } catch (IOException | BundleException | InterruptedException | RuntimeException e) {
      engine.close(Duration.ZERO);
      telemetry.close();
      throw e;
    }
  }

  private static EngineSettings engineSettings(ServerConfig config) {
    LimitsConfig limits = config.limits();
    SchedulingConfig scheduling = config.scheduling();
    return new EngineSettings(
        limits.maxPackedRows(),
        limits.maxPictures(),
        limits.maxPictures(),
        scheduling.aging(),
        EngineSettings.DEFAULT.patience(),
        scheduling.checkDeadlines(),
        scheduling.batching());
  }

  private static AdmissionLimits admissionLimits(ServerConfig config) {
    LimitsConfig limits = config.limits();
    return new AdmissionLimits(
        limits.maxPictures(),
        limits.maxPicturesPerClient(),
        limits.maxBacklog().toSeconds(),
        limits.maxStateBytes(),
        config.scheduling().checkDeadlines());
  }

  /** Regular looks at what no event tells. */
  private ScheduledExecutorService timer(Duration tokensTimeout) {
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(work -> daemon(work, "madit-timer"));
    Watchdog watchdog =
        new Watchdog(config.scheduling().stuckAfter(), engine::busyFor, this::stuck);
    long period = Math.max(1, Math.min(1000, tokensTimeout.toMillis() / 4));
    executor.scheduleAtFixedRate(
        () -> {
          awaiting.expire(System.nanoTime());
          watchdog.check();
        },
        period,
        period,
        TimeUnit.MILLISECONDS);
    return executor;
  }

  private void stuck() {
    health.enterTerminalState();
    ended.completeExceptionally(new EngineStuck(engine.busyFor()));
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  private static List<ServedModel> served(List<Bundle> bundles, Engine engine)
      throws BundleException {
    List<ServedModel> models = new ArrayList<>();
    for (Bundle bundle : bundles) {
      Optional<TextTokenizer> tokenizer =
          bundle.manifest().textLimits().filter(Manifest.Text::tokenized).isPresent()
              ? Optional.of(TextTokenizer.load(bundle))
              : Optional.empty();
      models.add(new ServedModel(bundle, tokenizer, engine.placement(bundle)));
    }
    return models;
  }

  private Server grpc(VisualTokenRpc service, InferenceRpc inference) throws IOException {
    return GrpcPort.builder(config, security, load.perCall())
        .executor(calls)
        .withChildOption(ChannelOption.ALLOCATOR, buffers())
        .addStreamTracerFactory(telemetry.callTracers())
        .addService(service)
        .addService(inference)
        .addService(load.outOfBand())
        .addService(health.getHealthService())
        .build()
        .start();
  }

  /** An allocator of its own, so that its memory can be watched. */
  private ByteBufAllocator buffers() {
    PooledByteBufAllocator buffers = new PooledByteBufAllocator(true);
    telemetry
        .metrics()
        .watchBuffers(buffers.metric()::usedDirectMemory, buffers.metric()::usedHeapMemory);
    return buffers;
  }

  private static ExecutorService callThreads() {
    return Executors.newCachedThreadPool(work -> daemon(work, "madit-call"));
  }

  /** Reads certificates and tokens now if they have changed, rather than within some seconds. */
  public void reloadCredentials() {
    security.checkFiles();
  }

  public int port() {
    return grpc.getPort();
  }

  public int httpPort() {
    return http.port();
  }

  /** Names of the models with precision and device, for the log. */
  public String describeModels() {
    return models.describe();
  }

  private boolean live() {
    return !ended.isCompletedExceptionally();
  }

  private boolean ready() {
    return !stopping && !ended.isDone();
  }

  /** Sessions, queued work and native arrays that exist now; zero when nothing is asked for. */
  public int liveState() {
    EngineStats stats = engine.stats();
    return stats.liveSessions()
        + stats.queuedSessions()
        + stats.queuedTokenizations()
        + stats.liveArrays();
  }

  /** Completes when the engine has ended: exceptionally if it died, or hangs. */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /** Ends all calls with UNAVAILABLE without waiting for the engine, which cannot be stopped. */
  public void abandon() throws InterruptedException {
    inFlight.abandon();
    grpc.shutdown();
    if (!grpc.awaitTermination(LAST_ANSWERS.toSeconds(), TimeUnit.SECONDS)) {
      grpc.shutdownNow();
    }
  }

  /** Stops gracefully. Calling it again waits for the first call. */
  public synchronized void stop() {
    if (stopped) {
      return;
    }
    stopped = true;
    stopping = true;
    health.enterTerminalState();
    admission.drain();
    grpc.shutdown();
    try {
      admission.awaitEmpty(config.drain());
      awaiting.giveUp();
      engine.close(Duration.ZERO);
      encoder.close();
      if (!grpc.awaitTermination(LAST_ANSWERS.toSeconds(), TimeUnit.SECONDS)) {
        grpc.shutdownNow();
        grpc.awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      grpc.shutdownNow();
      engine.close(Duration.ZERO);
      Thread.currentThread().interrupt();
    }
    timer.shutdownNow();
    http.close();
    security.close();
    calls.shutdown();
    load.close();
    telemetry.close();
  }
}

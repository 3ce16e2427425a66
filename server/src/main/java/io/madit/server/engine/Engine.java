package io.madit.server.engine;

import io.madit.server.cost.Costs;
import io.madit.server.model.Bundle;
import io.madit.server.model.BundleException;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.Precision;
import io.madit.server.model.RuntimeLoader;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Front of the engine thread. Thread-safe: submitters reserve a bounded place, put a command into
 * the inbox and return.
 *
 * <p>{@link #close} must be called before the JVM exits: an exit during a script call crashes the
 * process.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
  private static final Duration DEFAULT_DRAIN = Duration.ofSeconds(10);
  private static final long IDLE = 0;

  /** What a loaded model runs on. */
  public record Placement(Precision precision, String device) {}

  private final EngineSettings settings;
  private final EngineEvents events;
  private final EngineCounters counters = new EngineCounters();

  /** Unbounded itself: places are reserved in {@link EngineCounters} before anything is put in. */
  private final BlockingQueue<Consumer<EngineLoop>> inbox = new LinkedBlockingQueue<>();

  private final CompletableFuture<Map<Bundle, LoadedModel>> started = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Thread thread;
  private volatile long busySinceNanos = IDLE;

  // Guarded by this: nothing enters the inbox once the thread has decided to leave.
  private EngineFailure refusal;
  private long drainEndNanos;

  private Engine(
      List<Bundle> bundles, RuntimeLoader loader, EngineSettings settings, EngineEvents events) {
    this.settings = settings;
    this.events = events;
    thread = new Thread(() -> run(bundles, loader), "madit-engine");
    // A daemon, so that a forgotten close cannot keep the process alive.
    thread.setDaemon(true);
  }

  /**
   * Starts the thread and waits until it has loaded all models. When interrupted, waits for the
   * model that is being loaded and ends the thread.
   *
   * @throws BundleException when a model does not fit its manifest
   * @throws RuntimeException whatever else the loader threw
   */
  public static Engine start(
      List<Bundle> bundles, RuntimeLoader loader, EngineSettings settings, EngineEvents events)
      throws BundleException, InterruptedException {
    Engine engine = new Engine(List.copyOf(bundles), loader, settings, events);
    engine.thread.start();
    try {
      engine.started.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BundleException cause) {
        throw cause;
      }
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("the engine did not start", e.getCause());
    } catch (InterruptedException e) {
      engine.close(Duration.ZERO);
      throw e;
    }
    return engine;
  }

  /**
   * Queues a picture.
   *
   * @throws EngineException with {@code QUEUE_FULL}, {@code SHUTTING_DOWN} or {@code ENGINE_DEAD};
   *     the listener then hears nothing
   * @throws IllegalArgumentException when the plan asked for does not fit the model
   */
  public Session submit(DetokenizeCommand command, SessionListener listener) {
    requireLoaded(command.model());
    LiveSession session = new LiveSession(command, listener, command.plan(), System.nanoTime());
    put(
        loop -> loop.accept(session),
        counters.queuedSessions,
        settings.maxQueuedSessions(),
        "sessions");
    return session;
  }

  /**
   * Queues a picture to tokenize. The future is completed on the engine thread: use the {@code
   * Async} forms to go on. Cancelling it before the work begins saves the work.
   *
   * @throws EngineException as {@link #submit}; later failures complete the future with one
   */
  public CompletableFuture<TokenizeResult> tokenize(TokenizeCommand command) {
    requireLoaded(command.model());
    PendingTokenize pending =
        new PendingTokenize(command, new CompletableFuture<>(), System.nanoTime());
    put(
        loop -> loop.accept(pending),
        counters.queuedTokenizations,
        settings.maxQueuedTokenizations(),
        "tokenizations");
    return pending.future();
  }

  /**
   * Measures a model on the engine thread; meant for the time before anyone is served. The table is
   * in order of growing width.
   */
  public CompletableFuture<List<Calibration.Point>> calibrate(Bundle model, Duration limit) {
    LoadedModel loaded = requireLoaded(model);
    CompletableFuture<List<Calibration.Point>> points = new CompletableFuture<>();
    put(
        loop -> {
          try {
            points.complete(
                new Calibration(loaded, System::nanoTime, this::accepting)
                    .run(settings.maxPackedRows(), limit));
            loaded.publishCosts();
          } catch (RuntimeException e) {
            points.completeExceptionally(e);
          }
        });
    return points;
  }

  /** Where and how a loaded model runs. */
  public Placement placement(Bundle model) {
    ModelRuntime runtime = requireLoaded(model).runtime;
    return new Placement(runtime.precision(), runtime.device());
  }

  /** What work of a model costs, as far as known. */
  public Costs costs(Bundle model) {
    return requireLoaded(model).costs();
  }

  /** What the device is doing. */
  public EngineLoad load() {
    return counters.load;
  }

  /** How long the thread has been at one boundary and its round; zero when it waits for work. */
  public Duration busyFor() {
    long begin = busySinceNanos;
    return begin == IDLE ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - begin);
  }

  /** The state of now, for gauges. */
  public EngineStats stats() {
    return counters.snapshot();
  }

  /** Whether the thread runs and takes work. */
  public synchronized boolean accepting() {
    return refusal == null;
  }

  /** Completes when the thread has ended: exceptionally if it died instead of being closed. */
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  /**
   * Refuses new work, lets admitted work finish for at most {@code drain}, fails the rest with
   * {@code SHUTTING_DOWN}, frees everything and joins the thread. A running script call is always
   * waited for.
   */
  public void close(Duration drain) {
    synchronized (this) {
      if (refusal == null) {
        refusal = EngineFailure.SHUTTING_DOWN;
        drainEndNanos = System.nanoTime() + drain.toNanos();
        inbox.add(loop -> {}); // wakes the thread
      }
    }
    join();
  }

  /** {@link #close(Duration)} with ten seconds. */
  @Override
  public void close() {
    close(DEFAULT_DRAIN);
  }

  private void join() {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // leaving before the thread has ended would crash the process
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private LoadedModel requireLoaded(Bundle model) {
    LoadedModel loaded = started.join().get(model);
    if (loaded == null) {
      throw new IllegalArgumentException("model " + model + " is not loaded");
    }
    return loaded;
  }

  private synchronized void put(
      Consumer<EngineLoop> item, AtomicInteger queue, int limit, String what) {
    if (refusal != null) {
      throw new EngineException(refusal, "the engine takes no new work");
    }
    if (!EngineCounters.reserve(queue, limit)) {
      throw new EngineException(EngineFailure.QUEUE_FULL, limit + " " + what + " wait already");
    }
    inbox.add(item);
  }

  private synchronized void put(Consumer<EngineLoop> item) {
    if (refusal != null) {
      throw new EngineException(refusal, "the engine takes no new work");
    }
    inbox.add(item);
  }

  private void run(List<Bundle> bundles, RuntimeLoader loader) {
    Map<Bundle, LoadedModel> models = new LinkedHashMap<>();
    try {
      for (Bundle bundle : bundles) {
        if (accepting()) {
          models.put(bundle, new LoadedModel(bundle, loader.load(bundle)));
        }
      }
    } catch (Throwable t) {
      refuse(EngineFailure.ENGINE_DEAD);
      models.values().forEach(model -> model.runtime.close());
      started.completeExceptionally(t);
      terminated.completeExceptionally(t);
      return;
    }
    started.complete(models);
    serve(new EngineLoop(models, settings, counters, events, System::nanoTime));
  }

  private void serve(EngineLoop loop) {
    Throwable death = null;
    try {
      while (!mayLeave(loop)) {
        takeCommands(loop);
        busySinceNanos = System.nanoTime();
        loop.step();
        busySinceNanos = IDLE;
      }
    } catch (Throwable t) {
      LOG.error("The engine thread dies", t);
      death = t;
    }
    EngineFailure failure =
        refuse(death == null ? EngineFailure.SHUTTING_DOWN : EngineFailure.ENGINE_DEAD);
    inbox.forEach(item -> item.accept(loop));
    loop.failAll(failure, "the engine has stopped");
    loop.close();
    if (death == null) {
      terminated.complete(null);
    } else {
      terminated.completeExceptionally(death);
    }
  }

  /** Blocks only while there is nothing to do. */
  private void takeCommands(EngineLoop loop) throws InterruptedException {
    if (loop.idle()) {
      inbox.take().accept(loop);
    }
    for (Consumer<EngineLoop> item = inbox.poll(); item != null; item = inbox.poll()) {
      item.accept(loop);
    }
  }

  private synchronized boolean mayLeave(EngineLoop loop) {
    boolean done = loop.idle() && inbox.isEmpty();
    return refusal != null && (done || System.nanoTime() - drainEndNanos >= 0);
  }

  /** Nothing enters the inbox after this. */
  private synchronized EngineFailure refuse(EngineFailure failure) {
    if (refusal == null || failure == EngineFailure.ENGINE_DEAD) {
      refusal = failure;
    }
    return refusal;
  }
}

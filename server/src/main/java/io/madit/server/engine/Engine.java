package io.madit.server.engine;

import io.madit.server.model.Bundle;
import io.madit.server.model.BundleException;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.Precision;
import io.madit.server.model.RuntimeLoader;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.RevealPlan;
import io.madit.server.reveal.RevealPlanner;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  /** What a loaded model runs on. */
  public record Placement(Precision precision, String device) {}

  private final EngineSettings settings;
  private final EngineCounters counters = new EngineCounters();

  /** Unbounded itself: places are reserved in {@link EngineCounters} before anything is put in. */
  private final BlockingQueue<Consumer<EngineLoop>> inbox = new LinkedBlockingQueue<>();

  private final CompletableFuture<Map<Bundle, Placement>> started = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Thread thread;

  // Guarded by this: nothing enters the inbox once the thread has decided to leave.
  private EngineFailure refusal;
  private long drainEndNanos;

  private Engine(List<Bundle> bundles, RuntimeLoader loader, EngineSettings settings) {
    this.settings = settings;
    thread = new Thread(() -> run(bundles, loader), "madit-engine");
    // A daemon, so that a forgotten close cannot keep the process alive.
    thread.setDaemon(true);
  }

  /**
   * Starts the thread and waits until it has loaded all models.
   *
   * @throws BundleException when a model does not fit its manifest
   * @throws RuntimeException whatever else the loader threw
   */
  public static Engine start(List<Bundle> bundles, RuntimeLoader loader, EngineSettings settings)
      throws BundleException, InterruptedException {
    Engine engine = new Engine(List.copyOf(bundles), loader, settings);
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
    Optional<RevealPlan> plan = plan(command);
    LiveSession session = new LiveSession(command, listener, plan, System.nanoTime());
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

  /** Where and how a loaded model runs. */
  public Placement placement(Bundle model) {
    return requireLoaded(model);
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

  private Placement requireLoaded(Bundle model) {
    Placement placement = started.join().get(model);
    if (placement == null) {
      throw new IllegalArgumentException("model " + model + " is not loaded");
    }
    return placement;
  }

  private static Optional<RevealPlan> plan(DetokenizeCommand command) {
    if (command.visual() instanceof VisualInput.Latents) {
      return Optional.empty();
    }
    int[] ids = command.visual() instanceof VisualInput.TokenIds input ? input.ids() : new int[0];
    return Optional.of(
        RevealPlanner.compile(
            command.sampling(),
            command.model().manifest().grid().patches(),
            ids,
            command.model().codewordKl(),
            command.seed()));
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

  private void run(List<Bundle> bundles, RuntimeLoader loader) {
    Map<Bundle, ModelRuntime> runtimes = new LinkedHashMap<>();
    try {
      for (Bundle bundle : bundles) {
        runtimes.put(bundle, loader.load(bundle));
      }
    } catch (Throwable t) {
      refuse(EngineFailure.ENGINE_DEAD);
      runtimes.values().forEach(ModelRuntime::close);
      started.completeExceptionally(t);
      terminated.completeExceptionally(t);
      return;
    }
    Map<Bundle, Placement> placements = new LinkedHashMap<>();
    runtimes.forEach((b, r) -> placements.put(b, new Placement(r.precision(), r.device())));
    started.complete(placements);
    serve(new EngineLoop(runtimes, settings, counters, System::nanoTime));
  }

  private void serve(EngineLoop loop) {
    Throwable death = null;
    try {
      while (!mayLeave(loop)) {
        takeCommands(loop);
        loop.step();
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

package io.madit.server.engine;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.RoundTask;
import io.madit.server.model.RuntimeFailure;
import io.madit.server.model.VisualInput;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine thread does between two looks into its inbox. Not thread-safe: everything here,
 * runtimes included, belongs to the thread that calls it. A session is in exactly one of {@code
 * waiting}, {@code running} and {@code finishing} until {@link #retire} takes it out.
 */
final class EngineLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);

  private final Map<Bundle, ModelRuntime> runtimes;
  private final EngineSettings settings;
  private final EngineCounters counters;
  private final LongSupplier clock;

  private final Deque<LiveSession> waiting = new ArrayDeque<>();
  private final List<LiveSession> running = new ArrayList<>();
  private final Deque<LiveSession> finishing = new ArrayDeque<>();
  private final Deque<PendingTokenize> tokenizations = new ArrayDeque<>();
  private Optional<Bundle> lastModel = Optional.empty();

  EngineLoop(
      Map<Bundle, ModelRuntime> runtimes,
      EngineSettings settings,
      EngineCounters counters,
      LongSupplier clock) {
    this.runtimes = Map.copyOf(runtimes);
    this.settings = settings;
    this.counters = counters;
    this.clock = clock;
  }

  void accept(LiveSession session) {
    waiting.add(session);
  }

  void accept(PendingTokenize tokenize) {
    tokenizations.add(tokenize);
  }

  boolean idle() {
    return waiting.isEmpty() && running.isEmpty() && finishing.isEmpty() && tokenizations.isEmpty();
  }

  /**
   * One boundary and at most one packed round. Throws only if the device or this code is broken.
   */
  void step() {
    dropStopped();
    openWaiting();
    tokenizeOne();
    decodeOne();
    runRound();
    renderPreviews();
    updateGauges();
  }

  /** Ends everything that is left. */
  void failAll(EngineFailure failure, String message) {
    for (LiveSession session : sessions()) {
      retire(session, () -> session.listener().onFailed(failure, message), counters.failed);
    }
    while (!tokenizations.isEmpty()) {
      fail(takeTokenization(), failure, message);
    }
    updateGauges();
  }

  @Override
  public void close() {
    runtimes.values().forEach(ModelRuntime::close);
  }

  private List<LiveSession> sessions() {
    List<LiveSession> all = new ArrayList<>(waiting);
    all.addAll(running);
    all.addAll(finishing);
    return all;
  }

  private void dropStopped() {
    long now = clock.getAsLong();
    for (LiveSession session : sessions()) {
      session.stopReason(now).ifPresent(reason -> fail(session, reason, "stopped at a boundary"));
    }
  }

  private void openWaiting() {
    while (!waiting.isEmpty() && running.size() + finishing.size() < settings.maxLiveSessions()) {
      open(waiting.element());
    }
  }

  private void open(LiveSession session) {
    boolean ok = session.plan().isEmpty() || attempt(session, () -> openState(session));
    if (!ok) {
      return; // has been taken out of waiting
    }
    waiting.remove();
    counters.queuedSessions.decrementAndGet();
    if (session.hasRoundsLeft()) {
      running.add(session);
    } else {
      finishing.add(session);
    }
    tell(session.listener()::onStarted);
  }

  private void openState(LiveSession session) {
    DetokenizeCommand command = session.command();
    long begin = clock.getAsLong();
    session.opened(
        runtime(session).open(command.visual(), command.text(), session.plan().get().order()),
        clock.getAsLong() - begin);
  }

  private void tokenizeOne() {
    if (tokenizations.isEmpty()) {
      return;
    }
    PendingTokenize next = takeTokenization();
    long begin = clock.getAsLong();
    if (next.future().isDone()) {
      return; // cancelled by the caller
    }
    if (next.command().deadlineNanos().isPresent()
        && next.command().deadlineNanos().getAsLong() - begin <= 0) {
      fail(next, EngineFailure.DEADLINE_EXCEEDED, "stopped at a boundary");
      return;
    }
    try {
      int[] ids = runtimes.get(next.command().model()).encode(next.command().picture());
      long end = clock.getAsLong();
      next.future().complete(new TokenizeResult(ids, begin - next.arrivalNanos(), end - begin));
    } catch (RuntimeFailure e) {
      LOG.error("Tokenizing failed", e);
      fail(next, failureOf(e), e.getMessage());
      rethrowSticky(e);
    }
  }

  private PendingTokenize takeTokenization() {
    counters.queuedTokenizations.decrementAndGet();
    return tokenizations.remove();
  }

  private void decodeOne() {
    if (!finishing.isEmpty()) {
      LiveSession session = finishing.element();
      attempt(session, () -> finish(session));
    }
  }

  private void finish(LiveSession session) {
    DetokenizeCommand command = session.command();
    ModelRuntime runtime = runtime(session);
    long begin = clock.getAsLong();
    Optional<RgbPicture> picture =
        command.wantPicture() ? Optional.of(decode(runtime, session)) : Optional.empty();
    Optional<float[]> latents =
        command.wantLatents() ? Optional.of(latents(runtime, session)) : Optional.empty();
    long end = clock.getAsLong();
    session.decoded(end - begin);
    DetokenizeResult result = new DetokenizeResult(picture, latents, session.timings(end));
    retire(session, () -> session.listener().onFinished(result), counters.finished);
  }

  private static RgbPicture decode(ModelRuntime runtime, LiveSession session) {
    return session.command().visual() instanceof VisualInput.Latents input
        ? runtime.decodeLatents(input.values())
        : runtime.decode(session.state());
  }

  private static float[] latents(ModelRuntime runtime, LiveSession session) {
    return session.command().visual() instanceof VisualInput.Latents input
        ? input.values().clone()
        : runtime.latents(session.state());
  }

  private void runRound() {
    List<LiveSession> members =
        RoundSelector.select(
            running,
            clock.getAsLong(),
            new RoundSelector.Limits(settings.maxPackedRows(), lastModel));
    if (!members.isEmpty()) {
      lastModel = Optional.of(members.get(0).model());
      runPacked(members);
    }
  }

  /**
   * A batch that fails is split until the culprits are alone; a failed round has changed no canvas.
   */
  private void runPacked(List<LiveSession> members) {
    List<RoundTask> tasks = members.stream().map(LiveSession::nextTask).toList();
    long begin = clock.getAsLong();
    try {
      runtime(members.get(0)).round(tasks);
    } catch (RuntimeFailure e) {
      if (members.size() == 1 || e.sticky()) {
        LOG.error("A round of {} sessions failed", members.size(), e);
        members.forEach(session -> fail(session, failureOf(e), e.getMessage()));
        rethrowSticky(e);
        return;
      }
      LOG.warn("A round of {} sessions failed, splitting it", members.size(), e);
      runPacked(members.subList(0, members.size() / 2));
      runPacked(members.subList(members.size() / 2, members.size()));
      return;
    }
    long nanos = clock.getAsLong() - begin;
    count(members, nanos);
    members.forEach(session -> advance(session, nanos));
  }

  private void count(List<LiveSession> members, long nanos) {
    counters.rounds.incrementAndGet();
    counters.packedSessions.addAndGet(members.size());
    counters.packedRows.addAndGet(members.stream().mapToInt(LiveSession::rows).sum());
    counters.roundNanos.addAndGet(nanos);
  }

  private void advance(LiveSession session, long nanos) {
    session.roundDone(nanos);
    if (session.command().progress()) {
      tell(
          () ->
              session
                  .listener()
                  .onRound(session.roundsDone(), session.rounds(), session.visible()));
    }
    if (!session.hasRoundsLeft()) {
      running.remove(session);
      finishing.add(session);
    }
  }

  private void renderPreviews() {
    running.stream()
        .filter(LiveSession::previewDue)
        .limit(settings.maxPreviewsPerRound())
        .toList()
        .forEach(session -> attempt(session, () -> renderPreview(session)));
  }

  private void renderPreview(LiveSession session) {
    RgbPicture picture = runtime(session).decode(session.state());
    session.previewDone();
    counters.previews.incrementAndGet();
    tell(() -> session.listener().onPreview(picture, session.roundsDone()));
  }

  private ModelRuntime runtime(LiveSession session) {
    return runtimes.get(session.model());
  }

  /** Runs work of one session; its failure ends that session only. */
  private boolean attempt(LiveSession session, Runnable work) {
    try {
      work.run();
      return true;
    } catch (RuntimeFailure e) {
      LOG.error("A session failed", e);
      fail(session, failureOf(e), e.getMessage());
      rethrowSticky(e);
      return false;
    }
  }

  private void fail(LiveSession session, EngineFailure failure, String message) {
    retire(session, () -> session.listener().onFailed(failure, message), counters.failed);
  }

  private static void fail(PendingTokenize tokenize, EngineFailure failure, String message) {
    tokenize.future().completeExceptionally(new EngineException(failure, message));
  }

  /** The one way out of the engine. */
  private void retire(LiveSession session, Runnable lastCall, AtomicLong counter) {
    if (waiting.remove(session)) {
      counters.queuedSessions.decrementAndGet();
    } else if (!running.remove(session) && !finishing.remove(session)) {
      throw new IllegalStateException("a session that is nowhere");
    }
    session.end();
    counter.incrementAndGet();
    tell(lastCall);
  }

  private void updateGauges() {
    counters.liveSessions.set(running.size() + finishing.size());
    counters.liveArrays.set(runtimes.values().stream().mapToInt(ModelRuntime::liveArrays).sum());
  }

  private static EngineFailure failureOf(RuntimeFailure e) {
    return switch (e.kind()) {
      case SCRIPT -> EngineFailure.MODEL_ERROR;
      case OUT_OF_MEMORY -> EngineFailure.OUT_OF_MEMORY;
      case DEVICE_BROKEN -> EngineFailure.ENGINE_DEAD;
    };
  }

  private static void rethrowSticky(RuntimeFailure e) {
    if (e.sticky()) {
      throw e;
    }
  }

  /** A listener that throws must not take others down. */
  private static void tell(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      LOG.error("A session listener failed", e);
    }
  }
}

package io.madit.server.engine;

import static java.util.function.Predicate.not;

import io.madit.server.cost.Costs;
import io.madit.server.cost.RoundWork;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.RoundTask;
import io.madit.server.model.RuntimeFailure;
import io.madit.server.model.SessionState;
import io.madit.server.model.VisualInput;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine thread does between two looks into its inbox. Not thread-safe: everything here,
 * runtimes included, belongs to the thread that calls it. A session is in exactly one of {@code
 * pending} and {@code finishing} until {@link #retire} takes it out. It is opened, which means that
 * it gets device state, when its first round has come.
 */
final class EngineLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);

  private final Map<Bundle, LoadedModel> models;
  private final EngineSettings settings;
  private final EngineCounters counters;
  private final EngineEvents events;
  private final LongSupplier clock;
  private final SessionOrder order;

  /** With rounds left. */
  private final Set<LiveSession> pending = new LinkedHashSet<>();

  /** To be decoded. */
  private final Set<LiveSession> finishing = new LinkedHashSet<>();

  private final Deque<PendingTokenize> tokenizations = new ArrayDeque<>();
  private final ModelShares shares = new ModelShares();
  private final BoundaryCredit credit = new BoundaryCredit();

  /** Sessions that may run; only {@link Batching#WHOLE_REQUEST} keeps it from round to round. */
  private List<LiveSession> batch = List.of();

  EngineLoop(
      Map<Bundle, LoadedModel> models,
      EngineSettings settings,
      EngineCounters counters,
      EngineEvents events,
      LongSupplier clock) {
    this.models = Map.copyOf(models);
    this.settings = settings;
    this.counters = counters;
    this.events = events;
    this.clock = clock;
    this.order = settings.order();
  }

  void accept(LiveSession session) {
    if (session.hasRoundsLeft()) {
      pending.add(session);
    } else {
      finishing.add(session);
    }
  }

  void accept(PendingTokenize tokenize) {
    tokenizations.add(tokenize);
  }

  boolean idle() {
    return pending.isEmpty() && finishing.isEmpty() && tokenizations.isEmpty();
  }

  /**
   * One boundary and at most one packed round. Throws only if the device or this code is broken.
   */
  void step() {
    dropStopped();
    if (pending.isEmpty()) {
      credit.reset();
    }
    decodeSome();
    tokenizeSome();
    renderPreviews();
    // Chosen last: what has failed until now is no candidate.
    List<LiveSession> opened = openSome(members());
    if (!opened.isEmpty()) {
      runPacked(opened);
    }
    publish(opened);
  }

  /** Ends everything that is left. */
  void failAll(EngineFailure failure, String message) {
    for (LiveSession session : sessions()) {
      retire(session, () -> session.listener().onFailed(failure, message), counters.failed);
    }
    while (!tokenizations.isEmpty()) {
      fail(takeTokenization(), failure, message);
    }
    publish(List.of());
  }

  @Override
  public void close() {
    models.values().forEach(model -> model.runtime.close());
  }

  private List<LiveSession> sessions() {
    List<LiveSession> all = new ArrayList<>(pending);
    all.addAll(finishing);
    return all;
  }

  private void dropStopped() {
    long now = clock.getAsLong();
    for (LiveSession session : sessions()) {
      Optional<EngineFailure> reason = session.stopReason(now);
      if (reason.isPresent()) {
        fail(session, reason.get(), "stopped at a boundary");
      } else if (settings.dropHopeless() && session.hopeless(model(session).costs(), now)) {
        fail(session, EngineFailure.DEADLINE_EXCEEDED, "the deadline could not be met any more");
      }
    }
  }

  /** Members of the next round, opened or not. */
  private List<LiveSession> members() {
    if (settings.batching() == Batching.CONTINUOUS) {
      return select();
    }
    batch = batch.stream().filter(s -> pending.contains(s) || finishing.contains(s)).toList();
    if (batch.isEmpty()) {
      batch = select();
    }
    return batch.stream().filter(pending::contains).toList();
  }

  private List<LiveSession> select() {
    shares.update(pending.stream().map(LiveSession::model).collect(Collectors.toSet()));
    Map<Bundle, Integer> widths =
        models.values().stream()
            .collect(Collectors.toMap(m -> m.bundle, m -> m.width(settings.maxPackedRows())));
    return RoundSelector.select(
        List.copyOf(pending),
        order,
        clock.getAsLong(),
        new RoundSelector.Limits(widths, shares.served()));
  }

  /** At least one per boundary. */
  private void decodeSome() {
    if (settings.batching() == Batching.WHOLE_REQUEST
        && batch.stream().anyMatch(pending::contains)) {
      return;
    }
    forSome(ordered(finishing), this::finish);
  }

  /** At least one per boundary. */
  private void tokenizeSome() {
    for (int i = 0; !tokenizations.isEmpty() && (i == 0 || credit.left()); i++) {
      tokenizeOne(takeTokenization());
    }
  }

  /** The first to go when time is short: a later boundary shows a newer state instead. */
  private void renderPreviews() {
    List<LiveSession> due = pending.stream().filter(LiveSession::previewDue).toList();
    for (LiveSession session : ordered(due)) {
      if (credit.left()) {
        attempt(session, this::renderPreview);
      }
    }
  }

  /** Opens as many of the members as time allows, at least one; returns those that are open. */
  private List<LiveSession> openSome(List<LiveSession> members) {
    forSome(members.stream().filter(not(LiveSession::isOpen)).toList(), this::open);
    return members.stream().filter(LiveSession::isOpen).toList();
  }

  private List<LiveSession> ordered(Collection<LiveSession> sessions) {
    List<LiveSession> ordered = new ArrayList<>(sessions);
    ordered.sort(order.at(clock.getAsLong()));
    return ordered;
  }

  private void forSome(List<LiveSession> sessions, Consumer<LiveSession> work) {
    for (int i = 0; i < sessions.size() && (i == 0 || credit.left()); i++) {
      attempt(sessions.get(i), work);
    }
  }

  private void open(LiveSession session) {
    DetokenizeCommand command = session.command();
    LoadedModel model = model(session);
    long begin = clock.getAsLong();
    SessionState state =
        model.runtime.open(command.visual(), command.text(), session.plan().orElseThrow().order());
    long nanos = clock.getAsLong() - begin;
    session.opened(state, nanos);
    model.costModel.observeCondition(spent(nanos));
    start(session);
  }

  private void start(LiveSession session) {
    if (session.leaveQueue()) {
      counters.queuedSessions.decrementAndGet();
      tell(session.listener()::onStarted);
    }
  }

  private void tokenizeOne(PendingTokenize next) {
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
      LoadedModel model = models.get(next.command().model());
      VisualInput tokens = model.runtime.encode(next.command().input());
      long nanos = clock.getAsLong() - begin;
      model.costModel.observeEncode(spent(nanos));
      shares.add(model.bundle, nanos);
      next.future().complete(new TokenizeResult(tokens, begin - next.arrivalNanos(), nanos));
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

  private void finish(LiveSession session) {
    start(session);
    DetokenizeCommand command = session.command();
    LoadedModel model = model(session);
    long begin = clock.getAsLong();
    Optional<RgbPicture> picture =
        command.wantPicture() ? Optional.of(decode(model.runtime, session)) : Optional.empty();
    long decoded = clock.getAsLong();
    Optional<float[]> latents =
        command.wantLatents() || command.wantPixels()
            ? Optional.of(latents(model.runtime, session))
            : Optional.empty();
    Optional<float[]> pixels =
        command.wantPixels() ? latents.map(model.runtime::pixels) : Optional.empty();
    Optional<VisualInput> tokens =
        command.model().manifest().drawsTokens()
            ? Optional.of(tokens(model.runtime, session))
            : Optional.empty();
    long end = clock.getAsLong();
    if (command.wantPicture()) {
      model.costModel.observeDecode((decoded - begin) * 1e-9);
    }
    credit.spend((end - begin) * 1e-9);
    shares.add(model.bundle, end - begin);
    session.decoded(end - begin);
    DetokenizeResult result =
        new DetokenizeResult(picture, latents, pixels, tokens, session.timings(end));
    retire(session, () -> session.listener().onFinished(result), counters.finished);
  }

  private static RgbPicture decode(ModelRuntime runtime, LiveSession session) {
    return session.command().visual() instanceof VisualInput.Latents input
        ? runtime.decodeLatents(input.values())
        : runtime.decode(session.state());
  }

  /** A sequence without gaps has had no round and no state. */
  private static VisualInput tokens(ModelRuntime runtime, LiveSession session) {
    return session.state() == null
        ? new VisualInput.TokenIds(session.command().visual().ids())
        : runtime.tokens(session.state());
  }

  private static float[] latents(ModelRuntime runtime, LiveSession session) {
    return session.command().visual() instanceof VisualInput.Latents input
        ? input.values().clone()
        : runtime.latents(session.state());
  }

  private void renderPreview(LiveSession session) {
    LoadedModel model = model(session);
    long begin = clock.getAsLong();
    RgbPicture picture = model.runtime.decode(session.state());
    long nanos = clock.getAsLong() - begin;
    model.costModel.observeDecode(spent(nanos));
    shares.add(model.bundle, nanos);
    session.previewDone();
    counters.previews.incrementAndGet();
    tell(() -> session.listener().onPreview(picture, session.roundsDone()));
  }

  /** Takes time off the credit; seconds. */
  private double spent(long nanos) {
    double seconds = nanos * 1e-9;
    credit.spend(seconds);
    return seconds;
  }

  /**
   * A batch that fails is split until the culprits are alone; a failed round has changed no canvas.
   */
  private void runPacked(List<LiveSession> members) {
    LoadedModel model = model(members.get(0));
    List<RoundTask> tasks = members.stream().map(LiveSession::nextTask).toList();
    int rows = members.stream().mapToInt(LiveSession::rows).sum();
    long begin = clock.getAsLong();
    try {
      model.runtime.round(tasks);
    } catch (RuntimeFailure e) {
      if (e.kind() == RuntimeFailure.Kind.OUT_OF_MEMORY) {
        model.memory.failed(rows);
      }
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
    record(model, members, rows, nanos);
    members.forEach(session -> advance(session, nanos));
  }

  private void record(LoadedModel model, List<LiveSession> members, int rows, long nanos) {
    double seconds = nanos * 1e-9;
    RoundWork work =
        members.stream().map(LiveSession::nextWork).reduce(RoundWork.NONE, RoundWork::plus);
    events.onRound(model.bundle, members.size(), rows, seconds, model.costs().round(work));
    model.costModel.observeRound(work, seconds);
    model.publishCosts();
    model.memory.succeeded(rows);
    credit.earn(seconds);
    shares.add(model.bundle, nanos);
    counters.rounds.incrementAndGet();
    counters.packedSessions.addAndGet(members.size());
    counters.packedRows.addAndGet(rows);
    counters.roundNanos.addAndGet(nanos);
  }

  private void advance(LiveSession session, long nanos) {
    session.roundDone(nanos);
    double left = model(session).costs().share(session.workLeft());
    tell(() -> session.listener().onWorkLeft(left));
    if (session.command().progress()) {
      tell(
          () ->
              session
                  .listener()
                  .onRound(session.roundsDone(), session.rounds(), session.visible()));
    }
    if (!session.hasRoundsLeft()) {
      pending.remove(session);
      finishing.add(session);
    }
  }

  private LoadedModel model(LiveSession session) {
    return models.get(session.model());
  }

  /** Runs work of one session; its failure ends that session only. */
  private void attempt(LiveSession session, Consumer<LiveSession> work) {
    try {
      work.accept(session);
    } catch (RuntimeFailure e) {
      LOG.error("A session failed", e);
      fail(session, failureOf(e), e.getMessage());
      rethrowSticky(e);
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
    if (!pending.remove(session) && !finishing.remove(session)) {
      throw new IllegalStateException("a session that is nowhere");
    }
    if (session.leaveQueue()) {
      counters.queuedSessions.decrementAndGet();
    }
    session.end();
    counter.incrementAndGet();
    tell(lastCall);
  }

  /** Shows the state to other threads. */
  private void publish(List<LiveSession> members) {
    int opened = (int) sessions().stream().filter(LiveSession::isOpen).count();
    counters.liveSessions.set(opened);
    counters.liveArrays.set(models.values().stream().mapToInt(m -> m.runtime.liveArrays()).sum());
    double left = 0;
    double round = 0;
    for (LiveSession session : members) {
      Costs costs = model(session).costs();
      left += costs.share(session.workLeft());
      round += session.hasRoundsLeft() ? costs.round(session.nextWork()) - costs.fixed() : 0;
    }
    counters.load = new EngineLoad(members.size(), left, round);
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

package io.madit.server.engine;

import io.madit.server.cost.Costs;
import io.madit.server.cost.RoundWork;
import io.madit.server.cost.WorkLeft;
import io.madit.server.cost.WorkPlan;
import io.madit.server.model.Bundle;
import io.madit.server.model.RoundTask;
import io.madit.server.model.SessionState;
import io.madit.server.reveal.RevealPlan;
import io.madit.server.reveal.Round;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One picture on its way. All but {@link #cancel} and {@link #plan} belong to the engine thread.
 */
final class LiveSession implements Session, RoundSelector.Candidate {
  /** How far a prediction must miss the deadline before a session is given up: it may be wrong. */
  private static final double HOPELESS = 0.8;

  private final DetokenizeCommand command;
  private final SessionListener listener;
  private final Optional<RevealPlan> plan;
  private final WorkPlan work;
  private final long arrivalNanos;
  private volatile boolean cancelled;

  private SessionState state;
  private int roundsDone;
  private boolean previewDue;
  private long conditionNanos;
  private long roundsNanos;
  private long decodeNanos;
  private boolean queued = true;
  private boolean ended;

  LiveSession(
      DetokenizeCommand command,
      SessionListener listener,
      Optional<RevealPlan> plan,
      long arrivalNanos) {
    this.command = command;
    this.listener = listener;
    this.plan = plan;
    this.work = command.work(plan);
    this.arrivalNanos = arrivalNanos;
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  @Override
  public Optional<RevealPlan> plan() {
    return plan;
  }

  DetokenizeCommand command() {
    return command;
  }

  SessionListener listener() {
    return listener;
  }

  /** Why it must stop now, if it must. */
  Optional<EngineFailure> stopReason(long nowNanos) {
    if (cancelled) {
      return Optional.of(EngineFailure.CANCELLED);
    }
    OptionalLong deadline = command.deadlineNanos();
    return deadline.isPresent() && deadline.getAsLong() - nowNanos <= 0
        ? Optional.of(EngineFailure.DEADLINE_EXCEEDED)
        : Optional.empty();
  }

  /** Whether its deadline cannot be met any more, even if nothing else ran. */
  boolean hopeless(Costs costs, long nowNanos) {
    OptionalLong deadline = command.deadlineNanos();
    return deadline.isPresent()
        && HOPELESS * costs.alone(workLeft()) * 1e9 > deadline.getAsLong() - nowNanos;
  }

  WorkLeft workLeft() {
    return work.after(roundsDone);
  }

  /** Work of the next round. */
  RoundWork nextWork() {
    return work.round(roundsDone);
  }

  /** Takes it out of the queue; false if it has left before. */
  boolean leaveQueue() {
    boolean was = queued;
    queued = false;
    return was;
  }

  boolean isOpen() {
    return state != null;
  }

  void opened(SessionState newState, long nanos) {
    state = newState;
    conditionNanos = nanos;
  }

  /** Null before it is opened, after it has ended, and for latents. */
  SessionState state() {
    return state;
  }

  int rounds() {
    return plan.map(p -> p.rounds().size()).orElse(0);
  }

  int roundsDone() {
    return roundsDone;
  }

  boolean hasRoundsLeft() {
    return roundsDone < rounds();
  }

  /** Patches revealed so far. */
  int visible() {
    return roundsDone == 0 ? 0 : plan.orElseThrow().rounds().get(roundsDone - 1).end();
  }

  RoundTask nextTask() {
    Round round = plan.orElseThrow().rounds().get(roundsDone);
    return new RoundTask(state, round, roundsDone, command.seed(), command.sampling());
  }

  void roundDone(long nanos) {
    roundsDone++;
    roundsNanos += nanos;
    int every = command.previewEveryRounds();
    previewDue |= every > 0 && roundsDone % every == 0;
    previewDue &= hasRoundsLeft();
  }

  boolean previewDue() {
    return previewDue;
  }

  void previewDone() {
    previewDue = false;
  }

  void decoded(long nanos) {
    decodeNanos = nanos;
  }

  Timings timings(long nowNanos) {
    long worked = conditionNanos + roundsNanos + decodeNanos;
    return new Timings(
        nowNanos - arrivalNanos - worked, conditionNanos, roundsNanos, decodeNanos, roundsDone);
  }

  /** Frees the device state. Called exactly once, whatever the end. */
  void end() {
    if (ended) {
      throw new IllegalStateException("a session ended twice");
    }
    ended = true;
    if (state != null) {
      state.close();
      state = null;
    }
  }

  @Override
  public Bundle model() {
    return command.model();
  }

  @Override
  public int rows() {
    return command.slots() + plan.orElseThrow().patches();
  }

  @Override
  public Priority priority() {
    return command.priority();
  }

  @Override
  public OptionalLong deadlineNanos() {
    return command.deadlineNanos();
  }

  @Override
  public long arrivalNanos() {
    return arrivalNanos;
  }
}

package io.madit.server.rpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.madit.server.admission.Admission;
import io.madit.server.admission.Admission.Ticket;
import io.madit.server.admission.Ask;
import io.madit.server.cost.WorkPlan;
import io.madit.server.engine.Engine;
import io.madit.server.engine.Priority;
import io.madit.server.security.Client;
import io.madit.server.telemetry.RequestObservation;
import io.madit.server.telemetry.ServerMetrics;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** What every call needs. */
public record CallContext(
    Engine engine,
    ModelRegistry models,
    Admission admission,
    AwaitingPictures awaiting,
    InFlight inFlight,
    OutputWriter outputs,
    ServerMetrics metrics,
    RandomGenerator random) {
  /** The call's gRPC deadline on the clock of {@link System#nanoTime}. */
  public static OptionalLong deadlineNanos() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? OptionalLong.empty()
        : OptionalLong.of(System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  /** A place for a picture to draw. */
  Ticket enter(PictureOptions options, WorkPlan work, OptionalLong deadlineNanos) {
    return admission.enter(
        Ask.picture(
            Client.current().id(),
            options.priority(),
            engine.costs(options.model().bundle()),
            work.whole(),
            options.rows(),
            options.stateBytes(),
            secondsLeft(deadlineNanos)));
  }

  /** A place for a picture to tokenize. */
  Ticket enterTokenize(ServedModel model) {
    return admission.enter(
        Ask.tokenize(
            Client.current().id(),
            Priority.NORMAL,
            engine.costs(model.bundle()),
            3L * model.manifest().image().width() * model.manifest().image().height(),
            secondsLeft(deadlineNanos())));
  }

  private static OptionalDouble secondsLeft(OptionalLong deadlineNanos) {
    return deadlineNanos.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of((deadlineNanos.getAsLong() - System.nanoTime()) * 1e-9);
  }

  /** Counts and notes a failure. */
  public void failed(RequestObservation observation, String kind, Throwable cause) {
    ErrorCode code = Statuses.failure(cause).code();
    note(observation, code);
    metrics.recordOutcome(kind, outcome(code));
  }

  /** Notes a failure. */
  static void note(RequestObservation observation, ErrorCode code) {
    observation.failed(outcome(code), code.code().name(), code.reason());
  }

  private static String outcome(ErrorCode code) {
    return code.name().toLowerCase(Locale.ROOT);
  }

  /** A name for the log and the reply: 16 hex digits. */
  public String newRequestId() {
    return String.format("%016x", random.nextLong());
  }
}

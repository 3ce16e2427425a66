package io.madit.server.rpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.madit.server.admission.AdmissionGate;
import io.madit.server.admission.AdmissionGate.Ticket;
import io.madit.server.engine.Engine;
import io.madit.server.telemetry.RequestObservation;
import io.madit.server.telemetry.ServerMetrics;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** What every call needs. */
record CallContext(
    Engine engine,
    ModelRegistry models,
    AdmissionGate gate,
    OutputWriter outputs,
    ServerMetrics metrics,
    RandomGenerator random) {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** The call's gRPC deadline on the clock of {@link System#nanoTime}. */
  static OptionalLong deadlineNanos() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? OptionalLong.empty()
        : OptionalLong.of(System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  /** A place in the server, or a refusal that says when to come back. */
  Ticket enter() {
    return gate.tryEnter()
        .orElseThrow(
            () ->
                RequestFailure.retryable(
                    ErrorCode.QUEUE_FULL,
                    "the server holds " + gate.limit() + " pictures already",
                    RETRY_AFTER));
  }

  /** Counts and notes a failure. */
  void failed(RequestObservation observation, String kind, Throwable cause) {
    ErrorCode code = Statuses.failure(cause).code();
    String outcome = code.name().toLowerCase(Locale.ROOT);
    observation.failed(outcome, code.code().name(), code.reason());
    metrics.recordOutcome(kind, outcome);
  }

  /** A name for the log and the reply: 16 hex digits. */
  String newRequestId() {
    return String.format("%016x", random.nextLong());
  }
}

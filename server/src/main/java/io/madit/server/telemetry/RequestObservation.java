package io.madit.server.telemetry;

import io.grpc.Context;
import io.madit.server.engine.Timings;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.madit.server.telemetry.RequestRecord.Result;
import io.madit.server.telemetry.RequestRecord.Sampling;
import io.madit.server.telemetry.RequestRecord.Subject;
import io.madit.server.telemetry.RequestRecord.Work;
import io.opentelemetry.api.trace.Span;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Watches one request, which is a call or one picture of a stream, from its arrival to its end.
 * Thread-safe. What is told after the end is ignored.
 */
public final class RequestObservation {
  static final Context.Key<RequestObservation> OF_CALL = Context.key("madit-request");

  private static final int LONGEST_TEXT = 128;

  private final Telemetry telemetry;
  private final Span span;
  private final long startNanos = System.nanoTime();
  private final boolean ofPicture;

  // Guarded by this.
  private Origin origin;
  private Subject subject = new Subject(null, null, null);
  private Sampling sampling;
  private Work work;
  private Result result = Result.OK;
  private long bytesIn;
  private long bytesOut;
  private int pictures;
  private boolean ended;

  RequestObservation(Telemetry telemetry, Span span, Origin origin) {
    this.telemetry = telemetry;
    this.span = span;
    this.origin = origin;
    this.ofPicture = origin.imageId() != null;
  }

  /** The call that the current thread serves. */
  public static RequestObservation ofCall() {
    return OF_CALL.get();
  }

  /** A picture that begins on this stream. It must be ended by {@link #end}. */
  public RequestObservation picture(String imageId) {
    Instant now = Instant.now();
    Origin own;
    synchronized (this) {
      pictures++;
      own = new Origin(now, origin.method(), origin.client(), shortened(imageId));
    }
    return new RequestObservation(telemetry, telemetry.tracing().startPicture(span, now), own);
  }

  /** Who calls: a peer's address at first, a name when there are credentials. */
  public synchronized void client(String name) {
    origin = new Origin(origin.start(), origin.method(), name, origin.imageId());
  }

  /** The client's own name for the request, before anything is checked. */
  public synchronized void clientRequestId(String id) {
    if (!id.isEmpty()) {
      subject = new Subject(subject.requestId(), shortened(id), subject.model());
    }
  }

  /**
   * The request is valid.
   *
   * @param model NAME@VERSION
   */
  public synchronized void accepted(String requestId, String model) {
    subject = new Subject(requestId, subject.clientRequestId(), model);
  }

  /** The settings that decide which picture it becomes. */
  public synchronized void sampling(long seed, String revealOrder) {
    sampling = new Sampling(seed, revealOrder);
  }

  /** A picture was made: its histograms are recorded, with this request as exemplar. */
  public void drawn(Timings timings, long awaitingNanos, long encodeNanos) {
    Map<Phase, Long> phases = new EnumMap<>(Phase.class);
    if (ofPicture) {
      phases.put(Phase.AWAITING_TOKENS, awaitingNanos);
    }
    phases.put(Phase.QUEUE, timings.queueNanos());
    phases.put(Phase.CONDITION, timings.conditionNanos());
    phases.put(Phase.ROUNDS, timings.roundsNanos());
    phases.put(Phase.DECODE, timings.decodeNanos());
    phases.put(Phase.ENCODE, encodeNanos);
    worked(timings.rounds(), phases);
    Tracing.within(span, () -> telemetry.metrics().recordPicture(timings, encodeNanos));
  }

  /** A picture was brought to ids. */
  public void tokenized(long queueNanos, long tokenizeNanos) {
    Map<Phase, Long> phases = new EnumMap<>(Phase.class);
    phases.put(Phase.QUEUE, queueNanos);
    phases.put(Phase.TOKENIZE, tokenizeNanos);
    worked(null, phases);
  }

  private synchronized void worked(Integer rounds, Map<Phase, Long> phases) {
    work = new Work(rounds, phases, System.nanoTime() - startNanos);
  }

  /**
   * It fails. The first failure counts.
   *
   * @param outcome as in the metric {@code madit.requests}
   * @param code name of the gRPC code
   * @param reason of the wire's {@code ErrorInfo}
   */
  public synchronized void failed(String outcome, String code, String reason) {
    if (result.equals(Result.OK)) {
      result = new Result(outcome, code, reason);
    }
  }

  /** Messages came in, or went out. */
  public synchronized void moved(long in, long out) {
    bytesIn += in;
    bytesOut += out;
  }

  /** A picture has ended, as it was told before. */
  public void end() {
    close().ifPresent(record -> telemetry.finish(span, record, true));
  }

  /**
   * The call has ended.
   *
   * @param code that was sent or, when the client is gone, would have been
   */
  void endCall(String code) {
    boolean log;
    synchronized (this) {
      if (!result.code().equals(code)) {
        result = code.equals("OK") ? Result.OK : new Result(outcome(code), code, null);
      }
      // The pictures of a stream have lines of their own.
      log = pictures == 0 && telemetry.worthALine(origin.method(), code);
    }
    close().ifPresent(record -> telemetry.finish(span, record, log));
  }

  private static String outcome(String code) {
    return code.toLowerCase(java.util.Locale.ROOT);
  }

  private synchronized Optional<RequestRecord> close() {
    if (ended) {
      return Optional.empty();
    }
    ended = true;
    return Optional.of(
        new RequestRecord(
            origin,
            subject,
            Optional.ofNullable(sampling),
            Optional.ofNullable(work),
            result,
            System.nanoTime() - startNanos,
            bytesIn,
            bytesOut));
  }

  Span span() {
    return span;
  }

  Duration age() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private static String shortened(String text) {
    return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) : text;
  }
}

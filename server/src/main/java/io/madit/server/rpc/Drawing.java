package io.madit.server.rpc;

import io.madit.server.admission.Admission.Ticket;
import io.madit.server.engine.DetokenizeResult;
import io.madit.server.engine.EngineException;
import io.madit.server.engine.EngineFailure;
import io.madit.server.engine.Session;
import io.madit.server.engine.SessionListener;
import io.madit.server.model.VisualInput;
import io.madit.v1.Output;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One picture from the door to its encoded outputs: {@link #admit}, {@link #begin}, then {@link
 * #drawn} completes exactly once. Its place is free again when the work has ended and the transport
 * has let go.
 */
public final class Drawing implements SessionListener, InFlight.Request {
  private final CallContext context;
  private final PictureOptions options;
  private final OptionalLong deadlineNanos;
  private final Ticket ticket;

  /** Who still needs the place: the work, and the transport until the answer is sent or dropped. */
  private final AtomicInteger holders = new AtomicInteger(2);

  private final AtomicBoolean ended = new AtomicBoolean();
  private final CompletableFuture<Drawn> drawn = new CompletableFuture<>();

  /** Completed when {@code submit} has returned, which may be after the engine's last report. */
  private final CompletableFuture<Session> session = new CompletableFuture<>();

  private Drawing(
      CallContext context, PictureOptions options, OptionalLong deadlineNanos, Ticket ticket) {
    this.context = context;
    this.options = options;
    this.deadlineNanos = deadlineNanos;
    this.ticket = ticket;
  }

  /** Takes a place, or throws why there is none; then nothing is held. */
  public static Drawing admit(CallContext context, PictureOrder order, OptionalLong deadlineNanos) {
    PictureOptions options = order.options();
    Ticket ticket = context.enter(options, options.work(order.visual()), deadlineNanos);
    return new Drawing(context, options, deadlineNanos, ticket);
  }

  /** The same for a picture whose tokens are not known yet. */
  static Drawing admit(CallContext context, PictureOptions options, OptionalLong deadlineNanos) {
    Ticket ticket = context.enter(options, options.work(), deadlineNanos);
    return new Drawing(context, options, deadlineNanos, ticket);
  }

  /** Submits it, or throws why not; then the place is free again. */
  public void begin(VisualInput visual) {
    context.inFlight().add(this);
    try {
      session.complete(
          context.engine().submit(options.command(visual, deadlineNanos, 0, false), this));
    } catch (RuntimeException e) {
      context.inFlight().remove(this);
      ticket.close();
      throw e;
    }
  }

  /** The result, on an encoder's thread, or a failure on any thread. */
  public CompletableFuture<Drawn> drawn() {
    return drawn;
  }

  /** Nobody wants it any more. */
  public void cancel() {
    if (!drawn.isDone()) {
      ticket.givenUp();
    }
    session.thenAccept(Session::cancel);
    letGo();
  }

  /** The transport needs the place no more. To be called once, unless {@link #cancel} is. */
  public void letGo() {
    if (holders.decrementAndGet() == 0) {
      ticket.close();
    }
  }

  @Override
  public void onWorkLeft(double seconds) {
    ticket.workLeft(seconds);
  }

  @Override
  public void onFinished(DetokenizeResult result) {
    ticket.worked();
    long begin = System.nanoTime();
    context
        .outputs()
        .write(result, options.model().manifest(), options.output())
        .whenComplete(
            (outputs, failure) -> {
              if (failure != null) {
                abort(failure);
              } else {
                finish(result, outputs, System.nanoTime() - begin);
              }
            });
  }

  private void finish(DetokenizeResult result, List<Output> outputs, long encodeNanos) {
    if (isFirstEnd()) {
      ticket.ready();
      letGo();
      drawn.complete(
          new Drawn(
              outputs, result.tokens(), session.join().plan(), result.timings(), encodeNanos));
    }
  }

  @Override
  public void onFailed(EngineFailure failure, String message) {
    abort(new EngineException(failure, message));
  }

  @Override
  public void abort(Throwable cause) {
    if (isFirstEnd()) {
      if (cause instanceof EngineException e && e.failure() == EngineFailure.DEADLINE_EXCEEDED) {
        ticket.givenUp();
      }
      ticket.worked();
      letGo();
      drawn.completeExceptionally(cause);
    }
  }

  private boolean isFirstEnd() {
    context.inFlight().remove(this);
    return ended.compareAndSet(false, true);
  }
}

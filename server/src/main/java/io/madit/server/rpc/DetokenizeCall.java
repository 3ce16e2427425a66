package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.admission.Admission.Ticket;
import io.madit.server.engine.DetokenizeResult;
import io.madit.server.engine.EngineException;
import io.madit.server.engine.EngineFailure;
import io.madit.server.engine.Session;
import io.madit.server.engine.SessionListener;
import io.madit.server.model.VisualInput;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.Output;
import io.madit.v1.RunReport;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** One unary Detokenize: validate, submit, encode, answer. Answers exactly once. */
final class DetokenizeCall implements SessionListener, InFlight.Request {
  private final CallContext context;
  private final ServerCallStreamObserver<DetokenizeResponse> observer;
  private final Ticket ticket;
  private final PictureOptions options;
  private final String requestId;
  private final RequestObservation observation = RequestObservation.ofCall();

  /** Who still needs the place: the work, and the transport until the answer is sent or dropped. */
  private final AtomicInteger holders = new AtomicInteger(2);

  private final AtomicBoolean answered = new AtomicBoolean();

  /** Completed when {@code submit} has returned, which may be after the engine's last report. */
  private final CompletableFuture<Session> session = new CompletableFuture<>();

  private DetokenizeCall(
      CallContext context,
      ServerCallStreamObserver<DetokenizeResponse> observer,
      Ticket ticket,
      PictureOptions options) {
    this.context = context;
    this.observer = observer;
    this.ticket = ticket;
    this.options = options;
    this.requestId = context.newRequestId();
    options.describe(observation, requestId);
  }

  /** Throws what is wrong with the request; then nothing is held. */
  static void start(
      CallContext context,
      DetokenizeRequest request,
      ServerCallStreamObserver<DetokenizeResponse> observer) {
    RequestObservation.ofCall().clientRequestId(request.getOptions().getClientRequestId());
    ServedModel model = context.models().find(request.getModel());
    Violations violations = new Violations();
    VisualInput visual = VisualParser.parse(model, request.getVisual(), violations);
    PictureOptions options =
        PictureOptions.parse(
            model,
            request.getConditioning(),
            request.getSampling(),
            request.getOutput(),
            request.getCompletion(),
            request.getOptions(),
            context.random(),
            violations);
    options.check(visual, violations);
    violations.check();
    OptionalLong deadline = CallContext.deadlineNanos();
    Ticket ticket = context.enter(options, options.work(visual), deadline);
    DetokenizeCall call = new DetokenizeCall(context, observer, ticket, options);
    try {
      observer.setOnCancelHandler(call::cancelled);
      observer.setOnCloseHandler(call::letGo);
      context.inFlight().add(call);
      call.session.complete(
          context.engine().submit(options.command(visual, deadline, 0, false), call));
    } catch (RuntimeException e) {
      context.inFlight().remove(call);
      ticket.close();
      throw e;
    }
  }

  private void cancelled() {
    session.thenAccept(Session::cancel);
    letGo();
  }

  private void letGo() {
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
                fail(failure);
              } else {
                answer(result, outputs, System.nanoTime() - begin);
              }
            });
  }

  @Override
  public void onFailed(EngineFailure failure, String message) {
    fail(new EngineException(failure, message));
  }

  private void answer(DetokenizeResult result, List<Output> outputs, long encodeNanos) {
    if (!ended()) {
      return;
    }
    RunReport report =
        Reports.picture(
            requestId, options, session.join().plan(), result.timings(), 0, encodeNanos);
    letGo();
    observation.drawn(result.timings(), 0, encodeNanos);
    context.metrics().recordOutcome("detokenize", "ok");
    observer.onNext(
        DetokenizeResponse.newBuilder()
            .setOutput(outputs.get(0))
            .addAllExtraOutputs(outputs.subList(1, outputs.size()))
            .setReport(report)
            .build());
    observer.onCompleted();
  }

  /** Whether this is the one end of the work. */
  private boolean ended() {
    context.inFlight().remove(this);
    return answered.compareAndSet(false, true);
  }

  @Override
  public void abort(Throwable cause) {
    fail(cause);
  }

  private void fail(Throwable cause) {
    if (!ended()) {
      return;
    }
    ticket.worked();
    letGo();
    context.failed(observation, "detokenize", cause);
    observer.onError(Statuses.exception(cause));
  }
}

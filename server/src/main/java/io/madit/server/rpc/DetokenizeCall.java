package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.Output;
import io.madit.v1.RunReport;
import java.util.List;

/** One unary Detokenize: validate, draw, answer. Answers exactly once. */
final class DetokenizeCall {
  private final CallContext context;
  private final ServerCallStreamObserver<DetokenizeResponse> observer;
  private final PictureOptions options;
  private final String requestId;
  private final RequestObservation observation;

  private DetokenizeCall(
      CallContext context,
      ServerCallStreamObserver<DetokenizeResponse> observer,
      PictureOptions options,
      RequestObservation observation) {
    this.context = context;
    this.observer = observer;
    this.options = options;
    this.requestId = context.newRequestId();
    this.observation = observation;
    options.describe(observation, requestId);
  }

  /** Throws what is wrong with the request; then nothing is held. */
  static void start(
      CallContext context,
      DetokenizeRequest request,
      ServerCallStreamObserver<DetokenizeResponse> observer) {
    RequestObservation observation = RequestObservation.ofCall();
    observation.clientRequestId(request.getOptions().getClientRequestId());
    if (request.hasCompletion()) {
      startCompleted(context, CompletedOrder.parse(context, request), observer, observation);
      return;
    }
    PictureOrder order = PictureOrder.parse(context, request);
    Drawing drawing = Drawing.admit(context, order, CallContext.deadlineNanos());
    DetokenizeCall call = new DetokenizeCall(context, observer, order.options(), observation);
    observer.setOnCancelHandler(drawing::cancel);
    observer.setOnCloseHandler(drawing::letGo);
    drawing.drawn().whenComplete((drawn, failure) -> call.ended(drawn, failure, List.of()));
    drawing.begin(order.visual());
  }

  private static void startCompleted(
      CallContext context,
      CompletedOrder order,
      ServerCallStreamObserver<DetokenizeResponse> observer,
      RequestObservation observation) {
    CompletedDrawing drawing = CompletedDrawing.admit(context, order, CallContext.deadlineNanos());
    DetokenizeCall call = new DetokenizeCall(context, observer, order.picture(), observation);
    observer.setOnCancelHandler(drawing::cancel);
    observer.setOnCloseHandler(drawing::letGo);
    drawing
        .drawn()
        .whenComplete(
            (drawn, failure) ->
                call.ended(
                    drawn,
                    failure,
                    failure == null
                        ? List.of(drawing.completionReport(call.requestId))
                        : List.of()));
    drawing.begin();
  }

  private void ended(Drawn drawn, Throwable failure, List<RunReport> chained) {
    if (failure != null) {
      context.failed(observation, "detokenize", failure);
      observer.onError(Statuses.exception(failure));
    } else {
      answer(drawn, chained);
    }
  }

  private void answer(Drawn drawn, List<RunReport> chained) {
    observation.drawn(drawn.timings(), 0, drawn.encodeNanos());
    context.metrics().recordOutcome("detokenize", "ok");
    List<Output> outputs = drawn.outputs();
    observer.onNext(
        DetokenizeResponse.newBuilder()
            .setOutput(outputs.get(0))
            .addAllExtraOutputs(outputs.subList(1, outputs.size()))
            .setReport(Reports.picture(requestId, options, drawn, chained))
            .build());
    observer.onCompleted();
  }
}

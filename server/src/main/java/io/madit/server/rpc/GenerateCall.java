package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GenerateResponse;
import io.madit.v1.Output;
import java.util.List;

/** One Generate: validate, draw, answer. Answers exactly once. */
final class GenerateCall {
  private static final String KIND = "generate";

  private final CallContext context;
  private final ServerCallStreamObserver<GenerateResponse> observer;
  private final PictureOptions options;
  private final String requestId;
  private final RequestObservation observation;

  private GenerateCall(
      CallContext context,
      ServerCallStreamObserver<GenerateResponse> observer,
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
      GenerateRequest request,
      ServerCallStreamObserver<GenerateResponse> observer) {
    RequestObservation observation = RequestObservation.ofCall();
    observation.clientRequestId(request.getOptions().getClientRequestId());
    PictureOrder order = GenerateOrder.parse(context, request);
    Drawing drawing = Drawing.admit(context, order, CallContext.deadlineNanos());
    GenerateCall call = new GenerateCall(context, observer, order.options(), observation);
    observer.setOnCancelHandler(drawing::cancel);
    observer.setOnCloseHandler(drawing::letGo);
    drawing.drawn().whenComplete(call::ended);
    drawing.begin(order.visual());
  }

  private void ended(Drawn drawn, Throwable failure) {
    if (failure != null) {
      context.failed(observation, KIND, failure);
      observer.onError(Statuses.exception(failure));
    } else {
      answer(drawn);
    }
  }

  private void answer(Drawn drawn) {
    observation.drawn(drawn.timings(), 0, drawn.encodeNanos());
    context.metrics().recordOutcome(KIND, "ok");
    List<Output> outputs = drawn.outputs();
    observer.onNext(
        GenerateResponse.newBuilder()
            .setOutput(outputs.get(0))
            .addAllExtraOutputs(outputs.subList(1, outputs.size()))
            .setReport(Reports.picture(requestId, options, drawn, List.of()))
            .build());
    observer.onCompleted();
  }
}

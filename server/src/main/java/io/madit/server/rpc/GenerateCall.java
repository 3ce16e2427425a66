package io.madit.server.rpc;

import com.google.protobuf.util.Durations;
import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GenerateResponse;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.RunReport;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** One Generate: validate, draw, answer. Answers exactly once. */
final class GenerateCall {
  private static final String KIND = "generate";

  private final CallContext context;
  private final ServerCallStreamObserver<GenerateResponse> observer;
  private final GenerateOrder order;
  private final int vocabularyOffset;
  private final String requestId;
  private final RequestObservation observation;

  private GenerateCall(
      CallContext context,
      ServerCallStreamObserver<GenerateResponse> observer,
      GenerateOrder order,
      int vocabularyOffset,
      RequestObservation observation) {
    this.context = context;
    this.observer = observer;
    this.order = order;
    this.vocabularyOffset = vocabularyOffset;
    this.requestId = context.newRequestId();
    this.observation = observation;
    order.first().options().describe(observation, requestId);
  }

  /** Throws what is wrong with the request; then nothing is held. */
  static void start(
      CallContext context,
      GenerateRequest request,
      ServerCallStreamObserver<GenerateResponse> observer) {
    RequestObservation observation = RequestObservation.ofCall();
    observation.clientRequestId(request.getOptions().getClientRequestId());
    GenerateOrder order = GenerateOrder.parse(context, request);
    if (order.decoder().isPresent()) {
      PictureOptions decoder = order.decoder().get();
      CompletedDrawing drawing =
          CompletedDrawing.admit(
              context, new CompletedOrder(order.first(), decoder), CallContext.deadlineNanos());
      GenerateCall call =
          new GenerateCall(context, observer, order, request.getVocabularyOffset(), observation);
      observer.setOnCancelHandler(drawing::cancel);
      observer.setOnCloseHandler(drawing::letGo);
      drawing
          .drawn()
          .whenComplete(
              (picture, failure) ->
                  call.ended(
                      failure == null ? drawing.completed() : null,
                      Optional.ofNullable(picture),
                      failure));
      drawing.begin();
      return;
    }
    Drawing drawing = Drawing.admit(context, order.first(), CallContext.deadlineNanos());
    GenerateCall call =
        new GenerateCall(context, observer, order, request.getVocabularyOffset(), observation);
    observer.setOnCancelHandler(drawing::cancel);
    observer.setOnCloseHandler(drawing::letGo);
    drawing.drawn().whenComplete((drawn, failure) -> call.ended(drawn, Optional.empty(), failure));
    drawing.begin(order.first().visual());
  }

  private void ended(Drawn first, Optional<Drawn> picture, Throwable failure) {
    if (failure != null) {
      context.failed(observation, KIND, failure);
      observer.onError(Statuses.exception(failure));
    } else {
      answer(first, picture);
    }
  }

  private void answer(Drawn first, Optional<Drawn> picture) {
    Drawn last = picture.orElse(first);
    observation.drawn(last.timings(), 0, last.encodeNanos());
    context.metrics().recordOutcome(KIND, "ok");
    List<Output> outputs = outputs(first, last);
    observer.onNext(
        GenerateResponse.newBuilder()
            .setOutput(outputs.get(0))
            .addAllExtraOutputs(outputs.subList(1, outputs.size()))
            .setReport(report(first, picture))
            .build());
    observer.onCompleted();
  }

  /** In the order asked for; tokens are the first model's, pictures the last one's. */
  private List<Output> outputs(Drawn first, Drawn last) {
    Iterator<Output> pictures = last.outputs().iterator();
    List<Output> outputs = new ArrayList<>();
    for (OutputFormat format : order.formats()) {
      outputs.add(
          format == OutputFormat.OUTPUT_FORMAT_TOKENS
              ? OutputWriter.tokens(
                  first.tokens().orElseThrow(),
                  order.first().options().model().manifest(),
                  vocabularyOffset)
              : pictures.next());
    }
    return outputs;
  }

  /** The first model's, with the decoder's inside; the total is of both. */
  private RunReport report(Drawn first, Optional<Drawn> picture) {
    RunReport report = Reports.picture(requestId, order.first().options(), first, List.of());
    if (picture.isEmpty()) {
      return report;
    }
    RunReport decoder =
        Reports.picture(requestId, order.decoder().orElseThrow(), picture.get(), List.of());
    RunReport.Builder both = report.toBuilder().addChained(decoder);
    both.getTimingsBuilder()
        .setTotal(Durations.add(report.getTimings().getTotal(), decoder.getTimings().getTotal()));
    return both.build();
  }
}

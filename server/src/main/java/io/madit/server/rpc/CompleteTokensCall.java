package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.CompleteTokensResponse;
import io.madit.v1.TokenIds;
import java.util.Arrays;
import java.util.List;

/** One CompleteTokens: validate, draw the missing ids, answer. Answers exactly once. */
final class CompleteTokensCall {
  private static final String KIND = "complete_tokens";

  private CompleteTokensCall() {}

  /** Throws what is wrong with the request; then nothing is held. */
  static void start(
      CallContext context,
      CompleteTokensRequest request,
      ServerCallStreamObserver<CompleteTokensResponse> observer) {
    RequestObservation observation = RequestObservation.ofCall();
    observation.clientRequestId(request.getOptions().getClientRequestId());
    PictureOrder order = CompletionOrder.parse(context, request);
    Drawing drawing = Drawing.admit(context, order, CallContext.deadlineNanos());
    String requestId = context.newRequestId();
    order.options().describe(observation, requestId);
    observer.setOnCancelHandler(drawing::cancel);
    observer.setOnCloseHandler(drawing::letGo);
    drawing
        .drawn()
        .whenComplete(
            (drawn, failure) -> {
              if (failure != null) {
                context.failed(observation, KIND, failure);
                observer.onError(Statuses.exception(failure));
                return;
              }
              observation.drawn(drawn.timings(), 0, drawn.encodeNanos());
              context.metrics().recordOutcome(KIND, "ok");
              observer.onNext(response(requestId, request, order.options(), drawn));
              observer.onCompleted();
            });
    drawing.begin(order.visual());
  }

  private static CompleteTokensResponse response(
      String requestId, CompleteTokensRequest request, PictureOptions options, Drawn drawn) {
    int offset = request.getKnown().getVocabularyOffset();
    TokenIds.Builder tokens = TokenIds.newBuilder().setVocabularyOffset(offset);
    Arrays.stream(drawn.ids()).forEach(id -> tokens.addIds(id + offset));
    return CompleteTokensResponse.newBuilder()
        .setTokens(tokens)
        .setReport(Reports.picture(requestId, options, drawn, List.of()))
        .build();
  }
}

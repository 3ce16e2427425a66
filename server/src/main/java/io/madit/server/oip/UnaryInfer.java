package io.madit.server.oip;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.server.rpc.Statuses;
import io.madit.server.telemetry.RequestObservation;

/** One ModelInfer. */
final class UnaryInfer {
  /** For the metric of outcomes. */
  static final String KIND = "infer";

  private UnaryInfer() {}

  /** Throws what is wrong with the request; then nothing is held and nothing is answered. */
  static void start(
      InferService inferences,
      ModelInferRequest request,
      ServerCallStreamObserver<ModelInferResponse> observer) {
    Inference inference =
        inferences.admit(
            KIND,
            request,
            RequestObservation.ofCall(),
            (response, failure) -> answer(observer, response, failure));
    observer.setOnCancelHandler(inference::cancel);
    observer.setOnCloseHandler(inference::letGo);
    inference.begin();
  }

  private static void answer(
      ServerCallStreamObserver<ModelInferResponse> observer,
      ModelInferResponse response,
      Throwable failure) {
    if (failure != null) {
      observer.onError(Statuses.exception(failure));
    } else {
      observer.onNext(response);
      observer.onCompleted();
    }
  }
}

package io.madit.server.oip;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.madit.inference.InferParameter;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.inference.ModelStreamInferResponse;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.Statuses;
import io.madit.server.telemetry.RequestObservation;

/** One request of a stream, until its response is sent. Thread-safe. */
final class StreamedRequest {
  /** Clients of the protocol wait for this mark of the last response to a request. */
  private static final String FINAL = "triton_final_response";

  private final ModelInferRequest request;
  private final RequestObservation observation;

  // Guarded by this.
  private Inference inference;
  private ModelStreamInferResponse reply;

  StreamedRequest(ModelInferRequest request, RequestObservation observation) {
    this.request = request;
    this.observation = observation;
  }

  /** It has been let in. */
  synchronized void drawnBy(Inference inference) {
    this.inference = inference;
  }

  /** Its response is known, or why there is none.. */
  synchronized void answered(ModelInferResponse response, Throwable failure) {
    reply = failure == null ? success(response) : failed(failure);
    observation.moved(0, reply.getSerializedSize());
    observation.end();
  }

  private static ModelStreamInferResponse success(ModelInferResponse response) {
    return ModelStreamInferResponse.newBuilder()
        .setInferResponse(response.toBuilder().putParameters(FINAL, flag()))
        .build();
  }

  /** The protocol has a text only; parameters tell programs the code and the reason. */
  private ModelStreamInferResponse failed(Throwable cause) {
    RequestFailure failure = Statuses.failure(cause);
    StatusRuntimeException status = Statuses.exception(failure);
    return ModelStreamInferResponse.newBuilder()
        .setErrorMessage(failure.getMessage())
        .setInferResponse(
            ModelInferResponse.newBuilder()
                .setModelName(request.getModelName())
                .setModelVersion(request.getModelVersion())
                .setId(request.getId())
                .putParameters("error_code", text(status.getStatus().getCode().name()))
                .putParameters("error_reason", text(failure.code().reason()))
                .putParameters(FINAL, flag()))
        .build();
  }

  private static InferParameter text(String value) {
    return InferParameter.newBuilder().setStringParam(value).build();
  }

  private static InferParameter flag() {
    return InferParameter.newBuilder().setBoolParam(true).build();
  }

  synchronized boolean isAnswered() {
    return reply != null;
  }

  /** Sends the answer and gives up the places. */
  synchronized void send(StreamObserver<ModelStreamInferResponse> observer) {
    observer.onNext(reply);
    if (inference != null) {
      inference.letGo();
    }
  }

  /** The client is gone. */
  synchronized void cancel() {
    if (inference != null) {
      inference.cancel();
    }
  }
}

package io.madit.server.oip;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelStreamInferResponse;
import io.madit.server.rpc.CallContext;
import io.madit.server.telemetry.RequestObservation;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * One ModelStreamInfer. Requests are drawn at once and answered in their order, each by one
 * response. While many are in flight, or the client does not read, no more is read of it.
 *
 * <p>Inbound callbacks are serialised by gRPC; pictures end on other threads, so what is sent is
 * guarded by {@code this}.
 */
final class StreamInfer implements StreamObserver<ModelInferRequest> {
  /** For the metric of outcomes. */
  private static final String KIND = "stream_infer";

  private final CallContext context;
  private final InferService inferences;
  private final ServerCallStreamObserver<ModelStreamInferResponse> observer;
  private final int maxInFlight;
  private final RequestObservation call = RequestObservation.ofCall();

  // Guarded by this.
  private final Queue<StreamedRequest> inFlight = new ArrayDeque<>();
  private boolean readNext;
  private boolean halfClosed;
  private boolean closed;

  private StreamInfer(
      CallContext context,
      InferService inferences,
      ServerCallStreamObserver<ModelStreamInferResponse> observer,
      int maxInFlight) {
    this.context = context;
    this.inferences = inferences;
    this.observer = observer;
    this.maxInFlight = maxInFlight;
  }

  static StreamInfer open(
      CallContext context,
      InferService inferences,
      ServerCallStreamObserver<ModelStreamInferResponse> observer,
      int maxInFlight) {
    StreamInfer stream = new StreamInfer(context, inferences, observer, maxInFlight);
    observer.disableAutoRequest();
    observer.setOnReadyHandler(stream::flush);
    observer.setOnCancelHandler(stream::abandon);
    observer.request(1);
    return stream;
  }

  @Override
  public void onNext(ModelInferRequest message) {
    RequestObservation observation = call.picture(message.getId());
    observation.moved(message.getSerializedSize(), 0);
    StreamedRequest request = new StreamedRequest(message, observation);
    synchronized (this) {
      inFlight.add(request);
      readNext = true;
    }
    try {
      Inference inference =
          inferences.admit(
              KIND,
              message,
              observation,
              (response, failure) -> {
                request.answered(response, failure);
                flush();
              });
      request.drawnBy(inference);
      inference.begin();
    } catch (RuntimeException e) {
      context.failed(observation, KIND, e);
      request.answered(null, e);
    }
    flush();
  }

  /** Sends what is ready, in order, and reads on. */
  private synchronized void flush() {
    while (!closed && !inFlight.isEmpty() && inFlight.peek().isAnswered()) {
      inFlight.remove().send(observer);
    }
    if (!closed && halfClosed && inFlight.isEmpty()) {
      closed = true;
      observer.onCompleted();
    }
    if (!closed && readNext && inFlight.size() < maxInFlight && observer.isReady()) {
      readNext = false;
      observer.request(1);
    }
  }

  @Override
  public synchronized void onCompleted() {
    halfClosed = true;
    flush();
  }

  @Override
  public void onError(Throwable t) {
    abandon();
  }

  /** The client is gone. */
  private void abandon() {
    List<StreamedRequest> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(inFlight);
      inFlight.clear();
    }
    left.forEach(StreamedRequest::cancel);
  }
}

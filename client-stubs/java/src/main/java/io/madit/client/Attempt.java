package io.madit.client;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.EndImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenChunk;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One call of a stream. Sending is confined to whoever holds the stream's lock, reading to its
 * iterating thread. A message is asked for when the one before was taken, so a slow reader holds at
 * most one.
 */
final class Attempt
    implements ClientResponseObserver<StreamDetokenizeRequest, StreamDetokenizeResponse> {
  /** What gRPC's thread hands over: a message, or the end with its failure, if any. */
  private record Arrival(StreamDetokenizeResponse message, Throwable failure) {}

  private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private ClientCallStreamObserver<StreamDetokenizeRequest> requests;
  private int sent;
  private boolean halfClosed;

  static Attempt open(VisualTokenServiceStub stub, BeginImage begin) {
    Attempt attempt = new Attempt();
    stub.streamDetokenize(attempt);
    attempt.requests.onNext(StreamDetokenizeRequest.newBuilder().setBegin(begin).build());
    return attempt;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<StreamDetokenizeRequest> call) {
    requests = call;
    call.disableAutoRequestWithInitial(1);
  }

  /** Sends what is new in the log. */
  void send(IdLog ids) {
    if (halfClosed) {
      return;
    }
    if (ids.count() > sent) {
      TokenChunk chunk =
          TokenChunk.newBuilder().addAllIds(Arrays.stream(ids.from(sent)).boxed().toList()).build();
      requests.onNext(StreamDetokenizeRequest.newBuilder().setTokens(chunk).build());
      sent = ids.count();
    }
    if (ids.finished()) {
      requests.onNext(
          StreamDetokenizeRequest.newBuilder().setEnd(EndImage.getDefaultInstance()).build());
      halfClose();
    }
  }

  void halfClose() {
    if (!halfClosed) {
      halfClosed = true;
      requests.onCompleted();
    }
  }

  void cancel(String why) {
    halfClosed = true;
    requests.cancel(why, null);
  }

  /**
   * The next message; empty at an orderly end.
   *
   * @throws MaditException if the call failed
   */
  Optional<StreamDetokenizeResponse> take() throws InterruptedException {
    Arrival next = arrivals.take();
    if (next.failure() != null) {
      throw new MaditException(Failure.ofCall(next.failure()), next.failure());
    }
    if (next.message() != null) {
      requests.request(1);
    }
    return Optional.ofNullable(next.message());
  }

  @Override
  public void onNext(StreamDetokenizeResponse message) {
    arrivals.add(new Arrival(message, null));
  }

  @Override
  public void onError(Throwable failure) {
    arrivals.add(new Arrival(null, failure));
  }

  @Override
  public void onCompleted() {
    arrivals.add(new Arrival(null, null));
  }
}

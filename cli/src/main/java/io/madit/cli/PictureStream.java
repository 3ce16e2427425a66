package io.madit.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenChunk;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

/**
 * One picture on a stream of its own. Events come on a gRPC thread, {@link #await} blocks the
 * caller's.
 */
final class PictureStream implements StreamObserver<StreamDetokenizeResponse> {
  /** Ids per message: what a language model hands over every few steps. */
  static final int CHUNK = 4;

  private final Consumer<StreamDetokenizeResponse> events;
  private final CompletableFuture<StreamDetokenizeResponse> last = new CompletableFuture<>();

  PictureStream(Consumer<StreamDetokenizeResponse> events) {
    this.events = events;
  }

  void send(StreamObserver<StreamDetokenizeRequest> out, BeginImage begin, List<Integer> ids) {
    out.onNext(StreamDetokenizeRequest.newBuilder().setBegin(begin).build());
    for (int i = 0; i < ids.size(); i += CHUNK) {
      TokenChunk chunk =
          TokenChunk.newBuilder()
              .addAllIds(ids.subList(i, Math.min(i + CHUNK, ids.size())))
              .build();
      out.onNext(StreamDetokenizeRequest.newBuilder().setTokens(chunk).build());
    }
    out.onCompleted();
  }

  /** The final event, or the failure of the stream as a {@link StatusRuntimeException}. */
  StreamDetokenizeResponse await() {
    try {
      return last.join();
    } catch (CompletionException e) {
      throw Status.fromThrowable(e.getCause()).asRuntimeException(Status.trailersFromThrowable(e));
    }
  }

  @Override
  public void onNext(StreamDetokenizeResponse event) {
    events.accept(event);
    if (event.hasImage() || event.hasError()) {
      last.complete(event);
    }
  }

  @Override
  public void onError(Throwable failure) {
    last.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    last.completeExceptionally(
        Status.INTERNAL.withDescription("the stream ended without a picture").asRuntimeException());
  }
}

package io.madit.containers;

import io.grpc.stub.StreamObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.StreamDetokenizeResponse.EventCase;
import io.madit.v1.TokenChunk;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** One picture on a stream of its own, by the bare stubs: nothing is tried again. */
final class PictureCall {
  private final CompletableFuture<Void> accepted = new CompletableFuture<>();
  private final CompletableFuture<StreamDetokenizeResponse> answer = new CompletableFuture<>();
  private final StreamObserver<StreamDetokenizeRequest> out;

  PictureCall(VisualTokenServiceStub stub) {
    out =
        stub.streamDetokenize(
            new StreamObserver<>() {
              @Override
              public void onNext(StreamDetokenizeResponse event) {
                if (event.hasAccepted()) {
                  accepted.complete(null);
                } else if (event.getEventCase() == EventCase.IMAGE
                    || event.getEventCase() == EventCase.ERROR) {
                  answer.complete(event);
                }
              }

              @Override
              public void onError(Throwable t) {
                accepted.completeExceptionally(t);
                answer.completeExceptionally(t);
              }

              @Override
              public void onCompleted() {
                onError(new IllegalStateException("the stream ended without an answer"));
              }
            });
    out.onNext(
        StreamDetokenizeRequest.newBuilder()
            .setImageId("a")
            .setBegin(BeginImage.getDefaultInstance())
            .build());
  }

  /** Waits until the server has promised the picture. */
  void awaitAccepted() throws Exception {
    accepted.get(60, TimeUnit.SECONDS);
  }

  void put(List<Integer> ids) {
    out.onNext(
        StreamDetokenizeRequest.newBuilder()
            .setImageId("a")
            .setTokens(TokenChunk.newBuilder().addAllIds(ids))
            .build());
  }

  /** Ends the stream after what was put. */
  void complete() {
    out.onCompleted();
  }

  /** The picture or the error; fails if the stream broke before. */
  StreamDetokenizeResponse answer() throws Exception {
    return answer.get(60, TimeUnit.SECONDS);
  }
}

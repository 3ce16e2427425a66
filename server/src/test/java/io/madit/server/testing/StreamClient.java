package io.madit.server.testing;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.CancelImage;
import io.madit.v1.EndImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenChunk;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A stream that records what it gets. */
public final class StreamClient {
  private final BlockingQueue<StreamDetokenizeResponse> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final StreamObserver<StreamDetokenizeRequest> out;

  public StreamClient(RunningServer server) {
    this(server.async());
  }

  public StreamClient(VisualTokenServiceStub stub) {
    out =
        stub.streamDetokenize(
            new StreamObserver<>() {
              @Override
              public void onNext(StreamDetokenizeResponse event) {
                events.add(event);
              }

              @Override
              public void onError(Throwable t) {
                closed.completeExceptionally(t);
              }

              @Override
              public void onCompleted() {
                closed.complete(null);
              }
            });
  }

  public void begin(String image, BeginImage.Builder begin) {
    out.onNext(StreamDetokenizeRequest.newBuilder().setImageId(image).setBegin(begin).build());
  }

  public void tokens(String image, List<Integer> ids) {
    out.onNext(
        StreamDetokenizeRequest.newBuilder()
            .setImageId(image)
            .setTokens(TokenChunk.newBuilder().addAllIds(ids))
            .build());
  }

  public void end(String image) {
    out.onNext(
        StreamDetokenizeRequest.newBuilder()
            .setImageId(image)
            .setEnd(EndImage.getDefaultInstance())
            .build());
  }

  public void cancel(String image) {
    out.onNext(
        StreamDetokenizeRequest.newBuilder()
            .setImageId(image)
            .setCancel(CancelImage.getDefaultInstance())
            .build());
  }

  public void send(StreamDetokenizeRequest event) {
    out.onNext(event);
  }

  public void abort() {
    out.onError(Status.CANCELLED.asRuntimeException());
  }

  public StreamDetokenizeResponse next() throws InterruptedException {
    StreamDetokenizeResponse event = events.poll(60, TimeUnit.SECONDS);
    if (event == null) {
      throw new AssertionError("no event within a minute");
    }
    return event;
  }

  /** Events up to and including the last one of a picture; others' are returned, too. */
  public List<StreamDetokenizeResponse> untilLast(String image) throws InterruptedException {
    List<StreamDetokenizeResponse> seen = new ArrayList<>();
    do {
      seen.add(next());
    } while (!isLast(seen.get(seen.size() - 1), image));
    return seen;
  }

  public StreamDetokenizeResponse last(String image) throws InterruptedException {
    List<StreamDetokenizeResponse> seen = untilLast(image);
    return seen.get(seen.size() - 1);
  }

  /** Waits until so many pictures have ended. */
  public void lasts(int pictures) throws InterruptedException {
    for (int ended = 0; ended < pictures; ) {
      StreamDetokenizeResponse event = next();
      ended += isLast(event, event.getImageId()) ? 1 : 0;
    }
  }

  private static boolean isLast(StreamDetokenizeResponse event, String image) {
    return event.getImageId().equals(image) && (event.hasImage() || event.hasError());
  }

  /** Half-closes and waits for the server's end; what came meanwhile is left in the queue. */
  public void complete() throws Exception {
    out.onCompleted();
    closed.get(60, TimeUnit.SECONDS);
  }
}

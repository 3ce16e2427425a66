package io.madit.load;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.ImageError;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.Timings;
import io.madit.v1.TokenChunk;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A language model that draws one picture: it hands its ids over as it samples them, each at its
 * own time after the intended begin, however late the one before was. Ids go out on the pacing
 * thread; answers come on gRPC's threads, one after the other.
 */
final class PacedPicture implements StreamObserver<StreamDetokenizeResponse> {
  private final List<Integer> ids;
  private final IdPace pace;
  private final long intended;
  private final long sent = System.nanoTime();
  private final ScheduledExecutorService pacing;
  private final CompletableFuture<StreamOutcome> outcome = new CompletableFuture<>();

  // Of the pacing thread.
  private StreamObserver<StreamDetokenizeRequest> out;
  private int sentIds;

  // Of gRPC's callbacks.
  private int previews;
  private int progress;
  private long firstPreview;

  PacedPicture(List<Integer> ids, IdPace pace, long intended, ScheduledExecutorService pacing) {
    this.ids = ids;
    this.pace = pace;
    this.intended = intended;
    this.pacing = pacing;
  }

  /** Begins now, right after construction; the pacing thread does the rest. */
  CompletableFuture<StreamOutcome> begin(
      StreamObserver<StreamDetokenizeRequest> requests, BeginImage begin) {
    out = requests;
    out.onNext(StreamDetokenizeRequest.newBuilder().setBegin(begin).build());
    scheduleIds();
    return outcome;
  }

  private void scheduleIds() {
    long due = intended + pace.nanosFor(Math.min(ids.size(), sentIds + pace.perMessage()));
    pacing.schedule(this::sendIds, due - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  private void sendIds() {
    if (outcome.isDone()) { // refused meanwhile: a client would stop sampling
      out.onCompleted();
      return;
    }
    int next = Math.min(ids.size(), sentIds + pace.perMessage());
    TokenChunk chunk = TokenChunk.newBuilder().addAllIds(ids.subList(sentIds, next)).build();
    out.onNext(StreamDetokenizeRequest.newBuilder().setTokens(chunk).build());
    sentIds = next;
    if (next < ids.size()) {
      scheduleIds();
    } else {
      out.onCompleted();
    }
  }

  @Override
  public void onNext(StreamDetokenizeResponse event) {
    switch (event.getEventCase()) {
      case PROGRESS -> progress++;
      case PREVIEW -> {
        previews++;
        firstPreview = firstPreview == 0 ? System.nanoTime() : firstPreview;
      }
      case IMAGE -> drawn(event.getImage().getReport().getTimings());
      case ERROR -> failed(event.getError());
      default -> {}
    }
  }

  private void drawn(Timings timings) {
    end(
        new Outcome(
            intended,
            sent,
            System.nanoTime(),
            Status.Code.OK,
            "",
            Caller.seconds(timings.getQueue()),
            Caller.seconds(timings.getRounds()),
            Caller.seconds(timings.getDecode()),
            Caller.seconds(timings.getEncode())));
  }

  private void failed(ImageError error) {
    end(
        Outcome.failed(
            intended,
            sent,
            Status.fromCodeValue(error.getCode()).getCode(),
            Caller.reason(error.getDetailsList())));
  }

  @Override
  public void onError(Throwable t) {
    end(Outcome.failed(intended, sent, Status.fromThrowable(t).getCode(), Caller.reason(t)));
  }

  @Override
  public void onCompleted() {
    end(Outcome.failed(intended, sent, Status.Code.INTERNAL, "no final event"));
  }

  /** Only the first end counts. */
  private void end(Outcome whole) {
    long lastId = intended + pace.nanosFor(ids.size());
    outcome.complete(new StreamOutcome(whole, lastId, firstPreview, previews, progress));
  }
}

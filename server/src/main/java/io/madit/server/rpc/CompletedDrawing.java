package io.madit.server.rpc;

import io.madit.v1.RunReport;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/** Missing tokens, then the picture of all. Both have their place before the first one begins. */
final class CompletedDrawing {
  private final CompletedOrder order;
  private final Drawing completion;
  private final Drawing picture;

  private CompletedDrawing(CompletedOrder order, Drawing completion, Drawing picture) {
    this.order = order;
    this.completion = completion;
    this.picture = picture;
  }

  /** Takes both places, or throws why not; then nothing is held. */
  static CompletedDrawing admit(
      CallContext context, CompletedOrder order, OptionalLong deadlineNanos) {
    Drawing completion = Drawing.admit(context, order.completion(), deadlineNanos);
    try {
      Drawing picture = Drawing.admit(context, order.picture(), deadlineNanos);
      return new CompletedDrawing(order, completion, picture);
    } catch (RuntimeException e) {
      completion.abort(e);
      completion.cancel();
      throw e;
    }
  }

  /** Submits the completion; the picture follows by itself. */
  void begin() {
    completion.drawn().whenComplete(this::completed);
    try {
      completion.begin(order.completion().visual());
    } catch (RuntimeException e) {
      completion.abort(e);
    }
  }

  private void completed(Drawn ids, Throwable failure) {
    if (failure != null) {
      picture.abort(failure);
      return;
    }
    try {
      picture.begin(ids.tokens().orElseThrow());
    } catch (RuntimeException e) {
      picture.abort(e);
    }
  }

  /** The picture, or the first failure. */
  CompletableFuture<Drawn> drawn() {
    return picture.drawn();
  }

  /** The tokens of the picture. To be called when it is drawn. */
  Drawn completed() {
    return completion.drawn().join();
  }

  /** How the ids came to be. To be called when the picture is drawn. */
  RunReport completionReport(String requestId) {
    return Reports.picture(requestId, order.completion().options(), completed(), List.of());
  }

  /** Nobody wants it any more. */
  void cancel() {
    completion.cancel();
    picture.cancel();
  }

  /** The transport needs the places no more. */
  void letGo() {
    completion.letGo();
    picture.letGo();
  }
}

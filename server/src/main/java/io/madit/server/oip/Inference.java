package io.madit.server.oip;

import io.madit.server.rpc.CallContext;
import io.madit.server.rpc.Drawing;
import io.madit.server.rpc.Drawn;
import io.madit.server.rpc.PictureOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** The pictures of one request: all are drawn, or none is answered. */
final class Inference {
  private final List<PictureOrder> pictures;
  private final List<Drawing> drawings = new ArrayList<>();
  private final CompletableFuture<List<Drawn>> done = new CompletableFuture<>();
  private final AtomicInteger missing;

  /** Whether the transport has let go of the drawings: each must be told once. */
  private final AtomicBoolean released = new AtomicBoolean();

  private Inference(List<PictureOrder> pictures) {
    this.pictures = pictures;
    missing = new AtomicInteger(pictures.size());
  }

  /** Takes a place for each picture, or throws why there is none; then nothing is held. */
  static Inference admit(CallContext context, InferOrder order) {
    Inference inference = new Inference(order.pictures());
    try {
      for (PictureOrder picture : order.pictures()) {
        inference.drawings.add(Drawing.admit(context, picture, order.deadlineNanos()));
      }
    } catch (RuntimeException e) {
      inference.drawings.forEach(drawing -> drawing.abort(e));
      inference.cancel();
      throw e;
    }
    return inference;
  }

  /** Submits all; {@link #done} tells the rest. */
  void begin() {
    drawings.forEach(drawing -> drawing.drawn().whenComplete(this::ended));
    for (int i = 0; i < drawings.size(); i++) {
      try {
        drawings.get(i).begin(pictures.get(i).visual());
      } catch (RuntimeException e) {
        drawings.subList(i, drawings.size()).forEach(drawing -> drawing.abort(e));
        return;
      }
    }
  }

  private void ended(Drawn drawn, Throwable failure) {
    if (failure != null) {
      fail(failure);
    } else if (missing.decrementAndGet() == 0) {
      done.complete(drawings.stream().map(drawing -> drawing.drawn().join()).toList());
    }
  }

  private void fail(Throwable failure) {
    if (done.completeExceptionally(failure)) {
      cancel();
    }
  }

  /** All pictures, in order; or the first failure. */
  CompletableFuture<List<Drawn>> done() {
    return done;
  }

  /** Nobody wants it any more: the device stops at its next round, and then {@link #done} fails. */
  void cancel() {
    if (released.compareAndSet(false, true)) {
      drawings.forEach(Drawing::cancel);
    }
  }

  /** The answer is sent: the places are free. */
  void letGo() {
    if (released.compareAndSet(false, true)) {
      drawings.forEach(Drawing::letGo);
    }
  }
}

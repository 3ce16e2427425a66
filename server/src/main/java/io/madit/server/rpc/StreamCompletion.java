package io.madit.server.rpc;

import io.madit.server.engine.EngineException;
import io.madit.server.engine.EngineFailure;
import io.madit.server.model.VisualInput.PartialIds;
import io.madit.v1.RunReport;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * Draws the ids of a streamed picture that did not come. Its place is taken when the picture begins
 * and free again after {@link #close}, at the latest when its work has ended.
 */
final class StreamCompletion implements AutoCloseable {
  private final PictureOrder order;
  private final Drawing drawing;
  private volatile boolean begun;

  private StreamCompletion(PictureOrder order, Drawing drawing) {
    this.order = order;
    this.drawing = drawing;
  }

  /** Takes a place, or throws why there is none; then nothing is held. */
  static StreamCompletion admit(
      CallContext context, PictureOrder order, OptionalLong deadlineNanos) {
    return new StreamCompletion(order, Drawing.admit(context, order, deadlineNanos));
  }

  /**
   * Submits it. The result has all ids.
   *
   * @param ids -1 where one is missing
   */
  CompletableFuture<Drawn> begin(int[] ids) {
    begun = true;
    try {
      drawing.begin(new PartialIds(ids, ((PartialIds) order.visual()).label()));
    } catch (RuntimeException e) {
      drawing.abort(e);
    }
    return drawing.drawn();
  }

  /** How the ids came to be. To be called when they are there. */
  RunReport report(String requestId) {
    return Reports.picture(requestId, order.options(), drawing.drawn().join(), List.of());
  }

  /** The picture has ended. */
  @Override
  public void close() {
    if (!begun) { // so that there is no work to wait for
      drawing.abort(new EngineException(EngineFailure.CANCELLED, "not needed"));
    }
    drawing.cancel();
  }
}

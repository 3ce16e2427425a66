package io.madit.server.model;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;

/**
 * Native state of one picture.
 *
 * @param scope owns the three arrays
 * @param cond float32 {@code [L + S, D]}
 * @param canvas float32 {@code [N, P]} in reveal order; rounds write into it
 * @param order int64 {@code [N]}
 */
record DjlState(NDManager scope, PtNDArray cond, PtNDArray canvas, PtNDArray order)
    implements SessionState {
  @Override
  public int conditionSlots() {
    return (int) cond.getShape().get(0);
  }

  @Override
  public void close() {
    scope.close();
  }
}

package io.madit.server.model;

/**
 * One caption of a model whose text fills all of its slots. Arrays are not copied: nobody writes to
 * them after construction.
 */
public sealed interface CaptionText {
  /**
   * Ids of the bundle's text tokenizer; the bundle makes the features.
   *
   * @param ids {@code [S']}, with begin and end
   */
  record Words(int[] ids) implements CaptionText {}

  /**
   * Features computed by the caller, finite float32.
   *
   * @param slots {@code [S][E]} row by row, S being all slots
   * @param pooled the vector of the whole caption {@code [P]}
   */
  record Features(float[] slots, float[] pooled) implements CaptionText {}
}

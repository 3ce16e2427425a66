package io.madit.server.model;

/**
 * A picture in token or latent form. Arrays are not copied: nobody writes to them after
 * construction.
 */
public sealed interface VisualInput {
  /** Discrete ids {@code [L]}, -1 for a missing one; empty where there are none. */
  default int[] ids() {
    return new int[0];
  }

  /**
   * Discrete ids in raster order.
   *
   * @param ids {@code [L]}, each within the codebook, or -1 for a missing one
   */
  record TokenIds(int[] ids) implements VisualInput {}

  /**
   * Ids for a token generator to complete.
   *
   * @param ids {@code [L]}, each within the codebook, or -1 for one to be drawn; all -1 where
   *     tokens are continuous
   * @param label within the classes, or -1 for none
   */
  record PartialIds(int[] ids, int label) implements VisualInput {}

  /**
   * Continuous tokens.
   *
   * @param values {@code [L][code_dim]} row by row, float32
   */
  record ContinuousTokens(float[] values) implements VisualInput {}

  /**
   * No tokens, only a class.
   *
   * @param label within the classes, or -1 for none
   */
  record ClassLabel(int label) implements VisualInput {}

  /**
   * Latents in model space: decoded at once, without rounds.
   *
   * @param values {@code [C][h][w]}, float32
   */
  record Latents(float[] values) implements VisualInput {}
}

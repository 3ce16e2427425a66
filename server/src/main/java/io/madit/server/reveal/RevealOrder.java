package io.madit.server.reveal;

/** In which order patches are revealed. */
public enum RevealOrder {
  /**
   * Ascending KL of the patch's codeword, ties by raster index; patches without an id come last.
   */
  KL,
  /** A permutation drawn from the seed. */
  RANDOM,
  /** Row by row. */
  RASTER,
  /** The caller's own permutation. */
  USER
}

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
  /** The two-dimensional Halton sequence. */
  HALTON,
  /**
   * Generation, then reconstruction: sub-stages from sparse to dense, then the places with row +
   * column odd. Inside a stage by codeword KL, at random where there are no ids.
   */
  GTR,
  /** By the model's own certainty, decided in each round: there is no order before. */
  CERTAINTY,
  /** The caller's own permutation. */
  USER
}

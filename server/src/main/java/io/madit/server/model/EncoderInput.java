package io.madit.server.model;

import io.madit.server.image.RgbPicture;

/** A picture to tokenize. Arrays are not copied: nobody writes to them after construction. */
public sealed interface EncoderInput {
  /** 8-bit pixels of the model's size. */
  record Rgb(RgbPicture picture) implements EncoderInput {}

  /**
   * Float pixels of the model's size.
   *
   * @param values {@code [3][H][W]}, float32, 0 black and 1 white
   */
  record Pixels(float[] values) implements EncoderInput {}

  /**
   * Latents in model space: the autoencoder's half is done.
   *
   * @param values {@code [C][h][w]}, float32
   */
  record Latents(float[] values) implements EncoderInput {}
}

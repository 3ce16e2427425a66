package io.madit.server.model;

import java.util.Optional;

/**
 * The setting {@code float32 | bfloat16 | auto}; auto measures one layer at start-up and takes the
 * faster.
 */
public enum PrecisionChoice {
  FLOAT32(Precision.FLOAT32),
  BFLOAT16(Precision.BFLOAT16),
  AUTO(null);

  private final Precision fixed;

  PrecisionChoice(Precision fixed) {
    this.fixed = fixed;
  }

  Optional<Precision> fixed() {
    return Optional.ofNullable(fixed);
  }

  /** Parses a setting. */
  public static PrecisionChoice parse(String text) {
    return switch (text) {
      case "float32" -> FLOAT32;
      case "bfloat16" -> BFLOAT16;
      case "auto" -> AUTO;
      default ->
          throw new IllegalArgumentException(
              "precision must be float32, bfloat16 or auto, is " + text);
    };
  }
}

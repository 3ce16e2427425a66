package io.madit.server.reveal;

/** Course of the guidance scale over the rounds. */
public enum GuidanceSchedule {
  /** The scale itself in every round. */
  CONSTANT {
    @Override
    double at(double scale, int patches, int maskedAfter) {
      return scale;
    }
  },
  /**
   * {@code 1 + (w - 1) (N - max(1, M)) / N} with M masked <em>after</em> the round, as in MAR: the
   * last round counts one masked patch, so w itself is never reached.
   */
  LINEAR {
    @Override
    double at(double scale, int patches, int maskedAfter) {
      return 1 + (scale - 1) * (patches - Math.max(1, maskedAfter)) / patches;
    }
  },
  /**
   * {@code w k / (K - 1)} in round k of K; of token generators alone, see {@link CertaintyRounds}.
   */
  LINEAR_ROUND {
    @Override
    double at(double scale, int patches, int maskedAfter) {
      throw new IllegalStateException("linear_round goes by rounds and not by patches");
    }
  };

  abstract double at(double scale, int patches, int maskedAfter);
}

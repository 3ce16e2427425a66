package io.madit.server.reveal;

/** Course of the guidance scale over the rounds. */
public enum GuidanceSchedule {
  /** The scale itself in every round. */
  CONSTANT {
    @Override
    double at(double scale, int patches, int maskedAfter) {
      return scale;
    }

    @Override
    double inRound(double scale, int round, int rounds) {
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

    @Override
    double inRound(double scale, int round, int rounds) {
      return 1 + (scale - 1) * (round + 1) / rounds;
    }
  },
  /** {@code w k / (K - 1)} in round k of K; of token generators alone. */
  LINEAR_ROUND {
    @Override
    double inRound(double scale, int round, int rounds) {
      return rounds == 1 ? scale : scale * round / (rounds - 1);
    }
  },
  /** {@code 1 + (w - 1) (1 - cos(pi (k + 1) / K)) / 2}; of token generators alone. */
  COSINE {
    @Override
    double inRound(double scale, int round, int rounds) {
      return 1 + (scale - 1) * (1 - StrictMath.cos(Math.PI * (round + 1) / rounds)) / 2;
    }
  },
  /** {@code 1 + (w - 1) cos(pi (k + 1) / K) / 2}; of token generators alone. */
  FLIPPED_COSINE {
    @Override
    double inRound(double scale, int round, int rounds) {
      return 1 + (scale - 1) * StrictMath.cos(Math.PI * (round + 1) / rounds) / 2;
    }
  };

  /** The scale of a round by how many patches are masked after it. */
  double at(double scale, int patches, int maskedAfter) {
    throw new IllegalStateException(this + " goes by rounds and not by patches");
  }

  /** The scale of round {@code round} of {@code rounds}, from 0, where certainty decides. */
  abstract double inRound(double scale, int round, int rounds);
}

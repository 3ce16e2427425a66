package io.madit.server.reveal;

/** How many patches stay masked after each round. */
public enum RevealSchedule {
  /** {@code floor(N cos(pi/2 (k+1)/K))}. */
  COSINE {
    @Override
    int unclamped(int patches, int rounds, int round) {
      return (int) Math.floor(patches * StrictMath.cos(Math.PI / 2 * (round + 1) / rounds));
    }

    @Override
    float share(float x) {
      return (float) StrictMath.cos(x * (float) Math.PI * 0.5f);
    }
  },
  /** {@code floor(N (1 - (k+1)/K))}, in integers. */
  LINEAR {
    @Override
    int unclamped(int patches, int rounds, int round) {
      return (int) ((long) patches * (rounds - round - 1) / rounds);
    }

    @Override
    float share(float x) {
      return 1 - x;
    }
  },
  /** {@code floor(N acos((k+1)/K) / (pi/2))}. */
  ARCCOS {
    @Override
    float share(float x) {
      return (float) StrictMath.acos(x) / (float) (Math.PI * 0.5);
    }
  },
  /** {@code floor(N (1 - sqrt((k+1)/K)))}. */
  ROOT {
    @Override
    float share(float x) {
      return 1 - (float) Math.sqrt(x);
    }
  },
  /** {@code floor(N (1 - ((k+1)/K)^2))}. */
  SQUARE {
    @Override
    float share(float x) {
      return 1 - x * x;
    }
  };

  /** Patches left after a round, before limits. */
  int unclamped(int patches, int rounds, int round) {
    return (int) Math.floor(patches * share((float) (round + 1) / rounds));
  }

  /**
   * The course, in float32: what is left of all at {@code x} of the way, or a round's weight where
   * counts are in proportion; then {@code x} goes from 1 to 0.
   */
  abstract float share(float x);

  /**
   * Patches each round reveals: every count is at least 1 and they sum to {@code patches}. More
   * rounds than patches give {@code patches} rounds of one patch.
   */
  public int[] counts(int patches, int rounds) {
    int effective = Math.min(rounds, patches);
    int[] counts = new int[effective];
    int masked = patches;
    for (int k = 0; k < effective; k++) {
      boolean last = k == effective - 1;
      // ROOT would leave nothing to the last rounds.
      int least = effective - 1 - k;
      int left = last ? 0 : Math.max(least, Math.min(masked - 1, unclamped(patches, effective, k)));
      counts[k] = masked - left;
      masked = left;
    }
    return counts;
  }
}

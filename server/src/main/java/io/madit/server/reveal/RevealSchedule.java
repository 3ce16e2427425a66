package io.madit.server.reveal;

/** How many patches stay masked after each round. */
public enum RevealSchedule {
  /** {@code floor(N cos(pi/2 (k+1)/K))}. */
  COSINE {
    @Override
    int unclamped(int patches, int rounds, int round) {
      return (int) Math.floor(patches * StrictMath.cos(Math.PI / 2 * (round + 1) / rounds));
    }
  },
  /** {@code floor(N (1 - (k+1)/K))}, in integers. */
  LINEAR {
    @Override
    int unclamped(int patches, int rounds, int round) {
      return (int) ((long) patches * (rounds - round - 1) / rounds);
    }
  };

  abstract int unclamped(int patches, int rounds, int round);

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
      int left = last ? 0 : Math.max(1, Math.min(masked - 1, unclamped(patches, effective, k)));
      counts[k] = masked - left;
      masked = left;
    }
    return counts;
  }
}

package io.madit.server.reveal;

/**
 * Philox-4x32-10 (Salmon et al. 2011, Random123) and what is drawn from it. A draw depends on
 * nothing but its own coordinates: not on the batch, the round or the device. The key is the 64-bit
 * seed, low word first; the counter is (patch raster index, channel / 4, purpose, solver step). The
 * model script has the same generator in int64 arithmetic.
 */
public final class Philox {
  /** Purpose of a counter: initial noise of the flow. */
  public static final int FLOW_NOISE = 0;

  /** Purpose of a counter: noise of a solver step. */
  public static final int SOLVER_NOISE = 1;

  /** Purpose of a counter: the random reveal order. */
  public static final int ORDER_SHUFFLE = 2;

  /** Purpose of a counter: categorical draws. */
  public static final int CATEGORICAL = 3;

  /** Purpose of a counter: Gumbel noise. */
  public static final int GUMBEL = 4;

  private static final long WORD = 0xFFFFFFFFL;

  private Philox() {}

  /** Four 32-bit words, each in 0..2^32-1, of one counter. */
  public static long[] words(long seed, long c0, long c1, long c2, long c3) {
    long key0 = seed & WORD;
    long key1 = seed >>> 32;
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * c0;
      long p1 = 0xCD9E8D57L * c2;
      c0 = (p1 >>> 32) ^ c1 ^ key0;
      c1 = p1 & WORD;
      c2 = (p0 >>> 32) ^ c3 ^ key1;
      c3 = p0 & WORD;
      key0 = (key0 + 0x9E3779B9L) & WORD;
      key1 = (key1 + 0xBB67AE85L) & WORD;
    }
    return new long[] {c0, c1, c2, c3};
  }

  /** {@code (w + 0.5) 2^-32}, inside (0, 1). */
  public static double uniform(long word) {
    return (word + 0.5) * 0x1p-32;
  }

  /**
   * Standard normal draws of one patch: Box-Muller in float64 on the word pairs (0, 1) and (2, 3),
   * cosine then sine, cast to float32 last.
   */
  public static float[] gaussian(long seed, int patch, int channels, int purpose, int step) {
    float[] draws = new float[channels];
    for (int channel = 0; channel < channels; channel += 2) {
      long[] words = words(seed, patch, channel / 4, purpose, step);
      int pair = channel % 4;
      double radius = Math.sqrt(-2 * Math.log(uniform(words[pair])));
      double angle = 2 * Math.PI * uniform(words[pair + 1]);
      draws[channel] = (float) (radius * Math.cos(angle));
      if (channel + 1 < channels) {
        draws[channel + 1] = (float) (radius * Math.sin(angle));
      }
    }
    return draws;
  }
}

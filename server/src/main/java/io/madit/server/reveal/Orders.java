package io.madit.server.reveal;

import java.util.stream.IntStream;

/** The reveal orders: raster indices, first revealed first. */
final class Orders {
  private Orders() {}

  static int[] raster(int patches) {
    return IntStream.range(0, patches).toArray();
  }

  /**
   * Stable ascending sort by codeword KL; patches without an id (-1) come last.
   *
   * @param codewordKl nats, one per codeword
   * @param ids one per patch
   */
  static int[] byKl(float[] codewordKl, int[] ids) {
    return IntStream.range(0, ids.length)
        .boxed()
        .sorted((a, b) -> Float.compare(kl(codewordKl, ids[a]), kl(codewordKl, ids[b])))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static float kl(float[] codewordKl, int id) {
    return id < 0 ? Float.POSITIVE_INFINITY : codewordKl[id];
  }

  /**
   * Fisher-Yates: for i = N-1..1 swap i with {@code floor(u (i + 1))}, u from Philox counter (i, 0,
   * 2, 0).
   */
  static int[] shuffled(int patches, long seed) {
    int[] order = raster(patches);
    for (int i = patches - 1; i > 0; i--) {
      long word = Philox.words(seed, i, 0, Philox.ORDER_SHUFFLE, 0)[0];
      int j = (int) Math.floor(Philox.uniform(word) * (i + 1));
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** Rows by the radical inverse in base 2, columns in base 3; first meetings only. */
  static int[] halton(PatchGrid grid) {
    boolean[] seen = new boolean[grid.patches()];
    int[] order = new int[grid.patches()];
    int found = 0;
    for (int n = 1; found < order.length; n++) {
      int row = scaledInverse(n, 2, grid.rows());
      int index = row * grid.columns() + scaledInverse(n, 3, grid.columns());
      if (!seen[index]) {
        seen[index] = true;
        order[found++] = index;
      }
    }
    return order;
  }

  /** {@code floor(size times the radical inverse of n)}, in whole numbers. */
  private static int scaledInverse(int n, int base, int size) {
    long digits = 0;
    long scale = 1;
    for (int left = n; left > 0; left /= base) {
      digits = digits * base + left % base;
      scale *= base;
    }
    return (int) (digits * size / scale);
  }
}

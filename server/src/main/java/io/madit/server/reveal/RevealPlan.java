package io.madit.server.reveal;

import java.util.List;

/**
 * What a session will do, fixed before its first round. Immutable.
 *
 * <p>A canvas is stored in this order, so the visible patches are always a prefix of it.
 */
public final class RevealPlan {
  private final int[] order;
  private final List<Round> rounds;
  private final int known;

  /**
   * @param order raster indices, a permutation of 0..N-1
   * @param rounds cover {@code [0, N)} without gap or overlap
   */
  public RevealPlan(int[] order, List<Round> rounds) {
    this(order, rounds, 0);
  }

  /**
   * A plan of a picture that is partly known.
   *
   * @param known how many are visible before the first round
   */
  RevealPlan(int[] order, List<Round> rounds, int known) {
    this.order = order.clone();
    this.rounds = List.copyOf(rounds);
    this.known = known;
    requirePermutation(this.order);
    int visible = known;
    for (Round round : this.rounds) {
      if (round.begin() != visible) {
        throw new IllegalArgumentException(
            "round begins at " + round.begin() + ", expected " + visible);
      }
      visible = round.end();
    }
    if (visible != order.length) {
      throw new IllegalArgumentException("rounds end at " + visible + " of " + order.length);
    }
  }

  private static void requirePermutation(int[] order) {
    boolean[] seen = new boolean[order.length];
    for (int index : order) {
      if (index < 0 || index >= order.length || seen[index]) {
        throw new IllegalArgumentException(
            "order must be a permutation of 0.." + (order.length - 1) + ", has " + index);
      }
      seen[index] = true;
    }
  }

  /** A copy of the raster indices in the order of revealing. */
  public int[] order() {
    return order.clone();
  }

  /** Patches N. */
  public int patches() {
    return order.length;
  }

  /** How many are visible before the first round. */
  public int known() {
    return known;
  }

  /** The rounds, first to last. */
  public List<Round> rounds() {
    return rounds;
  }
}

package io.madit.load;

/**
 * How fast a language model samples ids, and how many it hands over at once.
 *
 * @param perSecond {@code > 0}
 * @param perMessage {@code >= 1}
 */
record IdPace(double perSecond, int perMessage) {
  IdPace {
    Bounds.positive("--tokens-per-second", perSecond);
    if (perMessage < 1) {
      throw new IllegalArgumentException("--tokens-per-message must be >= 1, is " + perMessage);
    }
  }

  /** When so many ids are sampled, counted from the begin of the picture. */
  long nanosFor(int ids) {
    return Math.round(ids / perSecond * 1e9);
  }
}

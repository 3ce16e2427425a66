package io.madit.server.reveal;

/**
 * What a manifest, a preset or a request says about the order {@link RevealOrder#GTR}; null: by the
 * rounds and flow steps of the picture. The fields are those of {@link GtrSettings}.
 */
public record GtrOptions(
    Integer stages,
    Integer reconstructionRounds,
    Integer firstFlowSteps,
    Integer lastFlowSteps,
    Integer reconstructionFlowSteps) {
  /** Nothing said. */
  public static final GtrOptions NONE = new GtrOptions(null, null, null, null, null);

  /** These where they say something, else {@code base}. */
  public GtrOptions over(GtrOptions base) {
    return new GtrOptions(
        first(stages, base.stages),
        first(reconstructionRounds, base.reconstructionRounds),
        first(firstFlowSteps, base.firstFlowSteps),
        first(lastFlowSteps, base.lastFlowSteps),
        first(reconstructionFlowSteps, base.reconstructionFlowSteps));
  }

  /** Without numbers of steps: they follow the picture's flow steps. */
  public GtrOptions withoutSteps() {
    return new GtrOptions(stages, reconstructionRounds, null, null, null);
  }

  /** Without a number of reconstruction rounds that leaves none of {@code rounds} to generation. */
  public GtrOptions fitting(int rounds) {
    boolean fits = reconstructionRounds == null || reconstructionRounds < rounds;
    return fits
        ? this
        : new GtrOptions(stages, null, firstFlowSteps, lastFlowSteps, reconstructionFlowSteps);
  }

  /**
   * Fills in the rest: two stages, two rounds of reconstruction, steps from T down to half of them.
   *
   * @throws IllegalArgumentException naming the field that does not fit
   */
  public GtrSettings resolve(PatchGrid grid, int rounds, int flowSteps) {
    int most = mostStages(grid);
    if (!fits(grid)) {
      throw new IllegalArgumentException(
          "reveal order gtr needs a grid of at least 2 x 2, is " + grid);
    }
    if (rounds < 2) {
      throw new IllegalArgumentException(
          "rounds must be at least 2 with the reveal order gtr, is " + rounds);
    }
    int first = or(firstFlowSteps, flowSteps);
    int half = (first + 1) / 2;
    GtrSettings settings =
        new GtrSettings(
            or(stages, Math.min(2, most)),
            or(reconstructionRounds, Math.min(2, rounds - 1)),
            first,
            or(lastFlowSteps, half),
            or(reconstructionFlowSteps, half));
    if (settings.stages() > most) {
      throw new IllegalArgumentException(
          "gtr.stages must be at most "
              + most
              + " for "
              + grid
              + " patches, is "
              + settings.stages());
    }
    if (settings.reconstructionRounds() >= rounds) {
      throw new IllegalArgumentException(
          "gtr.reconstruction_rounds must be below rounds "
              + rounds
              + ", is "
              + settings.reconstructionRounds());
    }
    return settings;
  }

  /** Whether the grid has stages at all. */
  public static boolean fits(PatchGrid grid) {
    return mostStages(grid) >= 1;
  }

  /** Levels of bisection that a grid allows: log2 of its shorter side, rounded down. */
  static int mostStages(PatchGrid grid) {
    return 31 - Integer.numberOfLeadingZeros(Math.min(grid.rows(), grid.columns()));
  }

  private static Integer first(Integer value, Integer other) {
    return value == null ? other : value;
  }

  private static int or(Integer value, int other) {
    return value == null ? other : value;
  }
}

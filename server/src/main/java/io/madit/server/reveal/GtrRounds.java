package io.madit.server.reveal;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Patches and solver steps per round of generation, then reconstruction.
 *
 * @param counts patches of each round, at least 1
 * @param flowSteps solver steps of each round
 * @param generation how many of the rounds are the generation stage
 */
record GtrRounds(int[] counts, int[] flowSteps, int generation) {
  /**
   * Every sub-stage gets an equal share of the generation rounds, so that rates rise with its size.
   * With fewer rounds than sub-stages the sparsest ones share a round; with more rounds than
   * patches each patch has a round.
   */
  static GtrRounds of(PatchGrid grid, GtrSettings settings, int rounds) {
    List<int[]> sets = GtrStages.sets(grid, settings.stages());
    int[] sizes = sets.stream().mapToInt(places -> places.length).toArray();
    int subStages = sizes.length - 1;
    int sparse = IntStream.of(sizes).limit(subStages).sum();
    int generationRounds = Math.min(rounds - settings.reconstructionRounds(), sparse);
    int[] merged = mergeSparsest(sizes, subStages, generationRounds);
    int[] shares = shares(merged, generationRounds);
    int reconstruction = sizes[subStages];
    int reconstructionRounds = Math.min(settings.reconstructionRounds(), reconstruction);
    IntStream counts =
        IntStream.concat(
            IntStream.range(0, merged.length).flatMap(s -> evenSplit(merged[s], shares[s])),
            evenSplit(reconstruction, reconstructionRounds));
    return new GtrRounds(
        counts.toArray(),
        steps(settings, generationRounds, reconstructionRounds),
        generationRounds);
  }

  private static int[] mergeSparsest(int[] sizes, int subStages, int rounds) {
    int extra = Math.max(0, subStages - rounds);
    int first = IntStream.rangeClosed(0, extra).map(s -> sizes[s]).sum();
    return IntStream.concat(
            IntStream.of(first), IntStream.range(extra + 1, subStages).map(s -> sizes[s]))
        .toArray();
  }

  /** The smallest first: what it cannot use is left to the others. */
  private static int[] shares(int[] sizes, int rounds) {
    int[] shares = new int[sizes.length];
    int left = rounds;
    int waiting = sizes.length;
    int[] bySize =
        IntStream.range(0, sizes.length)
            .boxed()
            .sorted((a, b) -> Integer.compare(sizes[a], sizes[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int stage : bySize) {
      shares[stage] = Math.min(left / waiting, sizes[stage]);
      left -= shares[stage];
      waiting--;
    }
    return shares;
  }

  /** {@code total} in {@code parts} that differ by at most one. */
  private static IntStream evenSplit(int total, int parts) {
    return IntStream.range(0, parts)
        .map(k -> (int) ((long) total * (k + 1) / parts - (long) total * k / parts));
  }

  /** Linear from first to last, half steps rounded up in the fall; then constant. */
  private static int[] steps(GtrSettings settings, int generation, int reconstruction) {
    int fall = settings.firstFlowSteps() - settings.lastFlowSteps();
    int gaps = Math.max(1, generation - 1);
    IntStream falling =
        IntStream.range(0, generation)
            .map(k -> settings.firstFlowSteps() - (2 * fall * k + gaps) / (2 * gaps));
    return IntStream.concat(
            falling, IntStream.generate(settings::reconstructionFlowSteps).limit(reconstruction))
        .toArray();
  }
}

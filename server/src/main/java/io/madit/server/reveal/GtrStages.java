package io.madit.server.reveal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The stages of generation, then reconstruction. Level l looks at the rows and columns that are
 * multiples of 2^l. It bisects them into an odd and an even sum of coordinates, and the even ones
 * into both odd and both even; the both-even places are the next level.
 */
final class GtrStages {
  private GtrStages() {}

  /** Sub-stages of generation, sparsest first, then the reconstruction stage; indices ascend. */
  static List<int[]> sets(PatchGrid grid, int stages) {
    List<int[]> sets = new ArrayList<>();
    int columns = grid.columns();
    for (int level = 0; level < stages; level++) {
      int shift = level;
      sets.add(
          lattice(
              grid, level, i -> (((i / columns) >> shift) + ((i % columns) >> shift)) % 2 == 1));
      sets.add(
          lattice(
              grid,
              level,
              i -> ((i / columns) >> shift) % 2 == 1 && ((i % columns) >> shift) % 2 == 1));
    }
    sets.add(lattice(grid, stages, i -> true));
    Collections.reverse(sets);
    return sets;
  }

  private static int[] lattice(PatchGrid grid, int level, IntPredicate chosen) {
    int step = 1 << level;
    return IntStream.range(0, grid.patches())
        .filter(i -> i / grid.columns() % step == 0 && i % grid.columns() % step == 0)
        .filter(chosen)
        .toArray();
  }

  /** The stages one after the other, each in the order that {@code inside} gives its places. */
  static int[] order(PatchGrid grid, int stages, int[] inside) {
    int[] rank = new int[inside.length];
    for (int position = 0; position < inside.length; position++) {
      rank[inside[position]] = position;
    }
    return sets(grid, stages).stream()
        .flatMap(
            places ->
                IntStream.of(places).boxed().sorted(Comparator.comparingInt(index -> rank[index])))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}

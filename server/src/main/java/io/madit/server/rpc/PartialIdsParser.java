package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.v1.TokenIds;
import java.util.Arrays;

/** A sequence of ids with gaps. */
final class PartialIdsParser {
  static final int MISSING = -1;

  private PartialIdsParser() {}

  /**
   * Ids without their offset, -1 where one is missing.
   *
   * @param field path of the message in the request
   */
  static int[] parse(Manifest manifest, TokenIds given, String field, Violations violations) {
    int count = manifest.tokens().count();
    int[] ids = new int[count];
    Arrays.fill(ids, MISSING);
    if (given.hasTokenCount()) {
      violations.within(
          field + ".token_count", Integer.toUnsignedLong(given.getTokenCount()), count, count);
    }
    int known = given.getIdsCount();
    boolean placed = given.getPositionsCount() > 0;
    if (!violations.within(field + ".ids.length", known, 0, count)
        || (placed
            && !violations.within(
                field + ".positions.length", given.getPositionsCount(), known, known))) {
      return ids;
    }
    long offset = Integer.toUnsignedLong(given.getVocabularyOffset());
    violations.within(
        field + ".vocabulary_offset", offset, 0, 0xFFFFFFFFL - manifest.codebook().size() + 1);
    for (int i = 0; i < known; i++) {
      long place = placed ? Integer.toUnsignedLong(given.getPositions(i)) : i;
      if (!violations.within(field + ".positions[" + i + "]", place, 0, count - 1L)) {
        continue;
      }
      if (ids[(int) place] != MISSING) {
        violations.add(field + ".positions[" + i + "]", "must not come twice", place);
      }
      int size = manifest.codebook().size();
      ids[(int) place] =
          VisualParser.id(field + ".ids[" + i + "]", given.getIds(i), offset, size, violations);
    }
    return ids;
  }
}

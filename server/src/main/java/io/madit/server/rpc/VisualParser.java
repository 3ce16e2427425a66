package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.util.Arrays;

/** Visual tokens or latents of a request for one model. */
final class VisualParser {
  private static final String FIELD = "visual";

  private VisualParser() {}

  /** The input; null after a violation. */
  static VisualInput parse(ServedModel model, VisualTokens given, Violations violations) {
    Manifest manifest = model.manifest();
    return switch (given.getKindCase()) {
      case TOKEN_IDS ->
          discrete(manifest, violations)
              ? tokenIds(manifest, given.getTokenIds(), violations)
              : null;
      case CONTINUOUS_TOKENS -> {
        float[] values =
            Tensors.read(
                given.getContinuousTokens(),
                FIELD + ".continuous_tokens",
                violations,
                manifest.tokens().count(),
                manifest.tokens().dim());
        yield values == null ? null : new VisualInput.ContinuousTokens(values);
      }
      case LATENTS -> {
        Manifest.Latent latent = manifest.latent();
        float[] values =
            Tensors.read(
                given.getLatents(),
                FIELD + ".latents",
                violations,
                latent.channels(),
                latent.height(),
                latent.width());
        yield values == null ? null : new VisualInput.Latents(values);
      }
      case KIND_NOT_SET -> {
        violations.add(FIELD, "must be set: token_ids, continuous_tokens or latents");
        yield null;
      }
    };
  }

  private static boolean discrete(Manifest manifest, Violations violations) {
    if (!manifest.discrete()) {
      violations.add(FIELD + ".token_ids", "must be absent: this model's tokens are continuous");
    }
    return manifest.discrete();
  }

  private static VisualInput tokenIds(Manifest manifest, TokenIds given, Violations violations) {
    String field = FIELD + ".token_ids.";
    int count = manifest.tokens().count();
    if (given.hasTokenCount()) {
      violations.within(
          field + "token_count", Integer.toUnsignedLong(given.getTokenCount()), count, count);
    }
    if (given.getPositionsCount() > 0) {
      violations.add(
          field + "positions", "must be empty: partial sequences need a completion model");
      return null;
    }
    if (!violations.within(field + "ids.length", given.getIdsCount(), count, count)) {
      return null;
    }
    long offset = Integer.toUnsignedLong(given.getVocabularyOffset());
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] =
          id(
              field + "ids[" + i + "]",
              given.getIds(i),
              offset,
              manifest.codebook().size(),
              violations);
    }
    return Arrays.stream(ids).anyMatch(id -> id < 0) ? null : new VisualInput.TokenIds(ids);
  }

  /**
   * One id without its offset.
   *
   * @return -1 after a violation
   */
  static int id(String field, int given, long offset, int codebookSize, Violations violations) {
    long id = Integer.toUnsignedLong(given);
    return violations.within(field, id, offset, offset + codebookSize - 1)
        ? (int) (id - offset)
        : -1;
  }
}

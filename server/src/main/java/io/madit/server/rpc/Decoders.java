package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import java.util.Optional;

/** Which models make pictures of the tokens that another one draws. */
final class Decoders {
  private Decoders() {}

  /** Whether a model takes tokens as another one draws them. */
  static boolean fits(Manifest generator, Manifest decoder) {
    return !decoder.drawsTokens()
        && decoder.tokens().count() == generator.tokens().count()
        && decoder.codebook().size() == generator.codebook().size()
        && (generator.discrete() || decoder.tokens().dim() == generator.tokens().dim());
  }

  /** The served model that fits and has the name or family that the generator's manifest names. */
  static Optional<ServedModel> usual(ModelRegistry models, Manifest generator) {
    String wanted = generator.decoder();
    return models.all().stream()
        .filter(model -> fits(generator, model.manifest()))
        .filter(
            model ->
                model.manifest().name().equals(wanted)
                    || model.bundle().id().equals(wanted)
                    || model.manifest().family().wireName().equals(wanted))
        .findFirst();
  }

  /** What a model draws pictures from, for messages. */
  static String taken(Manifest manifest) {
    if (manifest.drawsTokens()) {
      return "it draws tokens, not pictures";
    }
    return manifest.takesTokens()
        ? "it draws from " + tokens(manifest)
        : "it draws pictures from no tokens";
  }

  /** What is drawn or taken, for messages. */
  static String tokens(Manifest manifest) {
    int count = manifest.tokens().count();
    return manifest.discrete()
        ? "%d ids of a codebook of %d".formatted(count, manifest.codebook().size())
        : "%d tokens of %d numbers".formatted(count, manifest.tokens().dim());
  }
}

package io.madit.server.rpc;

import io.madit.server.engine.Engine;
import io.madit.server.model.Bundle;
import io.madit.server.model.Manifest;
import io.madit.server.model.TextTokenizer;
import java.util.Optional;

/**
 * A loaded model as calls see it.
 *
 * @param tokenizer present exactly when the model takes text
 */
public record ServedModel(
    Bundle bundle, Optional<TextTokenizer> tokenizer, Engine.Placement placement) {
  /** What the bundle says of itself. */
  public Manifest manifest() {
    return bundle.manifest();
  }
}

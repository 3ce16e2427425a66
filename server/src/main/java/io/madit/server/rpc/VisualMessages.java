package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.v1.Tensor;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;

/** Visual tokens as messages. */
final class VisualMessages {
  private VisualMessages() {}

  /**
   * Ids or continuous tokens.
   *
   * @param offset added to each id
   */
  static VisualTokens tokens(VisualInput input, Manifest manifest, int offset) {
    if (input instanceof VisualInput.TokenIds tokens) {
      return VisualTokens.newBuilder().setTokenIds(ids(tokens.ids(), offset)).build();
    }
    if (input instanceof VisualInput.ContinuousTokens tokens) {
      return VisualTokens.newBuilder()
          .setContinuousTokens(continuous(tokens.values(), manifest))
          .build();
    }
    throw new IllegalArgumentException("not visual tokens: " + input);
  }

  private static Tensor continuous(float[] values, Manifest manifest) {
    return Tensors.float32(values, manifest.tokens().count(), manifest.tokens().dim());
  }

  private static TokenIds.Builder ids(int[] ids, int offset) {
    TokenIds.Builder message = TokenIds.newBuilder().setVocabularyOffset(offset);
    for (int id : ids) {
      message.addIds(id + offset);
    }
    return message;
  }
}

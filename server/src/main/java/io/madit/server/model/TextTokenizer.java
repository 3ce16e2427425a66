package io.madit.server.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** The text tokenizer of a bundle. Thread-safe; independent of libtorch. */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final int maxTokens;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
  }

  /**
   * Loads {@code tokenizer.json}.
   *
   * @throws BundleException when the bundle takes no text, or the file is not a tokenizer
   */
  public static TextTokenizer load(Bundle bundle) throws BundleException {
    Manifest.Text limits = bundle.manifest().text();
    if (limits == null) {
      throw new BundleException("text", "the model takes none");
    }
    try {
      // No padding and no truncation: what the file says about them is overridden.
      Map<String, String> options =
          Map.of("padding", "false", "truncation", "false", "addSpecialTokens", "false");
      return new TextTokenizer(
          HuggingFaceTokenizer.newInstance(bundle.tokenizerFile(), options), limits.maxTokens());
    } catch (IOException | RuntimeException e) {
      throw new BundleException(Bundle.TOKENIZER, "cannot be loaded: " + e.getMessage());
    }
  }

  /** Ids of the text without special tokens, cut after the model's largest number of tokens. */
  public int[] encode(String text) {
    return Arrays.stream(tokenizer.encode(text, false, false).getIds())
        .limit(maxTokens)
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}

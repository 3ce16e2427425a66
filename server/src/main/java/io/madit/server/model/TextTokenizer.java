package io.madit.server.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** The text tokenizer of a bundle. Thread-safe; independent of libtorch. */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final int maxTokens;
  private final boolean specialTokens;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, Manifest.Text limits) {
    this.tokenizer = tokenizer;
    this.maxTokens = limits.maxTokens();
    this.specialTokens = limits.specialTokens();
  }

  /**
   * Loads {@code tokenizer.json}.
   *
   * @throws BundleException when the bundle takes no text, or the file is not a tokenizer
   */
  public static TextTokenizer load(Bundle bundle) throws BundleException {
    Manifest.Text limits = bundle.manifest().text();
    if (limits == null || !limits.tokenized()) {
      throw new BundleException("text", "the model takes none, or only features of it");
    }
    try {
      // No padding and no truncation: what the file says about them is overridden.
      Map<String, String> options =
          Map.of("padding", "false", "truncation", "false", "addSpecialTokens", "false");
      return new TextTokenizer(
          HuggingFaceTokenizer.newInstance(bundle.tokenizerFile(), options), limits);
    } catch (IOException | RuntimeException e) {
      throw new BundleException(Bundle.TOKENIZER, "cannot be loaded: " + e.getMessage());
    }
  }

  /**
   * Ids of the text, cut after the model's largest number of tokens. Where special tokens belong to
   * them, the last one stays the end.
   */
  public int[] encode(String text) {
    long[] ids = tokenizer.encode(text, specialTokens, false).getIds();
    int[] kept = Arrays.stream(ids).limit(maxTokens).mapToInt(Math::toIntExact).toArray();
    if (specialTokens && ids.length > maxTokens) {
      kept[maxTokens - 1] = Math.toIntExact(ids[ids.length - 1]);
    }
    return kept;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}

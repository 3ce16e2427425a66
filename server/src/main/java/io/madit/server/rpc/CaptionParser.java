package io.madit.server.rpc;

import io.madit.server.model.CaptionText;
import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.v1.Conditioning;
import io.madit.v1.Tensor;
import io.madit.v1.TextEmbeddings;

/** A caption that fills all text slots, with its vector, those of no text, and a score. */
final class CaptionParser {
  private static final String FIELD = "conditioning.";
  private static final String EMBEDDINGS = FIELD + "text_embeddings.";

  private final ServedModel model;
  private final Manifest manifest;
  private final Violations violations;

  CaptionParser(ServedModel model, Violations violations) {
    this.model = model;
    this.manifest = model.manifest();
    this.violations = violations;
  }

  /** The caption, or {@link TextConditioning#NONE} after a violation. */
  TextConditioning parse(Conditioning given) {
    double score = score(given);
    CaptionText text =
        switch (given.getTextInputCase()) {
          case TEXT -> words(ConditioningParser.text(model, given.getText(), violations));
          case TEXT_TOKEN_IDS ->
              words(ConditioningParser.tokenIds(given, manifest.text(), violations));
          case TEXT_EMBEDDINGS -> given(given.getTextEmbeddings());
          case TEXTINPUT_NOT_SET -> noText();
        };
    if (text == null) {
      return TextConditioning.NONE;
    }
    CaptionText none =
        given.getTextEmbeddings().hasNullEmbeddings() || given.getTextEmbeddings().hasNullPooled()
            ? none(given.getTextEmbeddings())
            : noText();
    return none == null
        ? TextConditioning.NONE
        : new TextConditioning.Caption(text, none, (float) score);
  }

  private double score(Conditioning given) {
    if (manifest.aestheticScore() == null) {
      return 0;
    }
    if (!given.hasAestheticScore()) {
      return manifest.aestheticScore().usual();
    }
    violations.within(
        FIELD + "aesthetic_score", given.getAestheticScore(), 0, Manifest.AestheticScore.MAX);
    return given.getAestheticScore();
  }

  private static CaptionText words(TextConditioning text) {
    return text instanceof TextConditioning.TokenIds input
        ? new CaptionText.Words(input.ids())
        : null;
  }

  /** The bundle's own, if it reads text. */
  private CaptionText noText() {
    if (model.tokenizer().isEmpty()) {
      violations.add(
          FIELD + "text_embeddings",
          "must be given, with null_embeddings and null_pooled: this model reads no text itself");
      return null;
    }
    return new CaptionText.Words(model.tokenizer().get().encode(""));
  }

  private CaptionText given(TextEmbeddings text) {
    return features(text.getEmbeddings(), "embeddings", text.getPooled(), "pooled");
  }

  private CaptionText none(TextEmbeddings text) {
    return features(
        text.getNullEmbeddings(), "null_embeddings", text.getNullPooled(), "null_pooled");
  }

  private CaptionText features(Tensor slots, String slotsName, Tensor pooled, String pooledName) {
    Manifest.Text limits = manifest.text();
    float[] words =
        Tensors.read(
            slots, EMBEDDINGS + slotsName, violations, limits.maxTokens(), limits.embedDim());
    float[] vector = Tensors.read(pooled, EMBEDDINGS + pooledName, violations, limits.pooledDim());
    return words == null || vector == null ? null : new CaptionText.Features(words, vector);
  }
}

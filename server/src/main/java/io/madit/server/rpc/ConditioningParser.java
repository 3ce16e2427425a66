package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.v1.Conditioning;
import io.madit.v1.Tensor;
import java.util.Optional;

/** What a request is conditioned by: text in any of its three forms, or features. */
final class ConditioningParser {
  static final int MAX_CHARACTERS = 4096;
  private static final String FIELD = "conditioning.";

  private static final int NO_CLASS = -1;

  private ConditioningParser() {}

  static TextConditioning parse(ServedModel model, Conditioning given, Violations violations) {
    Manifest manifest = model.manifest();
    refuseForeign(manifest, given, violations);
    if (manifest.features() != null && given.hasFeatures()) {
      return features(given, manifest.features(), violations);
    }
    if (manifest.captioned()) {
      return new CaptionParser(model, violations).parse(given);
    }
    if (given.getTextInputCase() == Conditioning.TextInputCase.TEXTINPUT_NOT_SET) {
      return TextConditioning.NONE;
    }
    Optional<Manifest.Text> limits = model.manifest().textLimits();
    if (limits.isEmpty()) {
      violations.add(
          "conditioning", "must be empty: model " + model.bundle().id() + " takes no text");
      return TextConditioning.NONE;
    }
    return switch (given.getTextInputCase()) {
      case TEXT -> text(model, given.getText(), violations);
      case TEXT_TOKEN_IDS -> tokenIds(given, limits.get(), violations);
      default -> embeddings(given, limits.get(), violations);
    };
  }

  /**
   * The class of a request, for models that take one.
   *
   * @return -1 for none, or after a violation
   */
  static int classLabel(Manifest manifest, Conditioning given, Violations violations) {
    if (manifest.classes() == null || !given.hasClassLabel()) {
      return NO_CLASS;
    }
    long label = Integer.toUnsignedLong(given.getClassLabel());
    return violations.within(FIELD + "class_label", label, 0, manifest.classes().count() - 1L)
        ? (int) label
        : NO_CLASS;
  }

  private static void refuseForeign(Manifest manifest, Conditioning given, Violations violations) {
    if (given.hasClassLabel() && manifest.classes() == null) {
      violations.add(FIELD + "class_label", "must be absent for this model", given.getClassLabel());
    }
    if (given.hasFeatures() && manifest.features() == null) {
      violations.add(FIELD + "features", "must be absent for this model");
    }
    if (given.hasNullFeatures()) {
      violations.add(FIELD + "null_features", "must be absent: the model has its own");
    }
    if (given.hasAestheticScore() && manifest.aestheticScore() == null) {
      violations.add(
          FIELD + "aesthetic_score", "must be absent for this model", given.getAestheticScore());
    }
  }

  static TextConditioning text(ServedModel model, String text, Violations violations) {
    if (text.length() > MAX_CHARACTERS) {
      violations.add(
          FIELD + "text", "must have at most " + MAX_CHARACTERS + " characters", text.length());
      return TextConditioning.NONE;
    }
    if (model.tokenizer().isEmpty()) {
      violations.add(FIELD + "text", "must be absent: this model takes text as embeddings only");
      return TextConditioning.NONE;
    }
    return new TextConditioning.TokenIds(model.tokenizer().get().encode(text));
  }

  static TextConditioning tokenIds(
      Conditioning given, Manifest.Text limits, Violations violations) {
    String field = FIELD + "text_token_ids.ids";
    if (!limits.tokenized()) {
      violations.add(field, "must be empty: this model takes text as embeddings only");
      return TextConditioning.NONE;
    }
    int[] ids = given.getTextTokenIds().getIdsList().stream().mapToInt(i -> i).toArray();
    violations.within(field + ".length", ids.length, 0, limits.maxTokens());
    for (int i = 0; i < ids.length; i++) {
      long id = Integer.toUnsignedLong(ids[i]);
      violations.within(field + "[" + i + "]", id, 0, limits.vocabularySize() - 1);
    }
    return new TextConditioning.TokenIds(ids);
  }

  private static TextConditioning features(
      Conditioning given, Manifest.Features limits, Violations violations) {
    String field = FIELD + "features";
    if (given.getTextInputCase() != Conditioning.TextInputCase.TEXTINPUT_NOT_SET) {
      violations.add("conditioning", "must have no text: this model takes features");
    }
    return rows(given.getFeatures(), field, limits.maxLength(), limits.dim(), violations);
  }

  private static TextConditioning embeddings(
      Conditioning given, Manifest.Text limits, Violations violations) {
    String field = FIELD + "text_embeddings.";
    if (given.getTextEmbeddings().hasPooled()
        || given.getTextEmbeddings().hasNullEmbeddings()
        || given.getTextEmbeddings().hasNullPooled()) {
      violations.add(field + "pooled", "and null embeddings must be absent for this model");
    }
    return rows(
        given.getTextEmbeddings().getEmbeddings(),
        field + "embeddings",
        limits.maxTokens(),
        limits.embedDim(),
        violations);
  }

  private static TextConditioning rows(
      Tensor tensor, String field, int maxLength, int dim, Violations violations) {
    float[] values = Tensors.read(tensor, field, violations, -1, dim);
    if (values == null) {
      return TextConditioning.NONE;
    }
    long length = Integer.toUnsignedLong(tensor.getShape(0));
    if (!violations.within(field + ".shape[0]", length, 0, maxLength)) {
      return TextConditioning.NONE;
    }
    return new TextConditioning.Embeddings((int) length, values);
  }
}

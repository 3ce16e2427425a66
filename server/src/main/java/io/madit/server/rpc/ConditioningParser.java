package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.v1.Conditioning;
import io.madit.v1.Tensor;
import java.util.Optional;

/** Text of a request, in any of its three forms, for one model. */
final class ConditioningParser {
  static final int MAX_CHARACTERS = 4096;
  private static final String FIELD = "conditioning.";

  private ConditioningParser() {}

  static TextConditioning parse(ServedModel model, Conditioning given, Violations violations) {
    refuseForeign(given, violations);
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

  private static void refuseForeign(Conditioning given, Violations violations) {
    if (given.hasClassLabel()) {
      violations.add(FIELD + "class_label", "must be absent for this model", given.getClassLabel());
    }
    if (given.hasFeatures() || given.hasNullFeatures()) {
      violations.add(FIELD + "features", "must be absent for this model");
    }
    if (given.hasAestheticScore()) {
      violations.add(
          FIELD + "aesthetic_score", "must be absent for this model", given.getAestheticScore());
    }
  }

  private static TextConditioning text(ServedModel model, String text, Violations violations) {
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

  private static TextConditioning tokenIds(
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

  private static TextConditioning embeddings(
      Conditioning given, Manifest.Text limits, Violations violations) {
    String field = FIELD + "text_embeddings.";
    if (given.getTextEmbeddings().hasPooled()
        || given.getTextEmbeddings().hasNullEmbeddings()
        || given.getTextEmbeddings().hasNullPooled()) {
      violations.add(field + "pooled", "and null embeddings must be absent for this model");
    }
    Tensor tensor = given.getTextEmbeddings().getEmbeddings();
    float[] values = Tensors.read(tensor, field + "embeddings", violations, -1, limits.embedDim());
    if (values == null) {
      return TextConditioning.NONE;
    }
    long length = Integer.toUnsignedLong(tensor.getShape(0));
    if (!violations.within(field + "embeddings.shape[0]", length, 0, limits.maxTokens())) {
      return TextConditioning.NONE;
    }
    return new TextConditioning.Embeddings((int) length, values);
  }
}

package io.madit.server.rpc;

import io.madit.server.model.VisualInput;
import io.madit.v1.GenerateRequest;
import io.madit.v1.OutputFormat;
import java.util.List;
import java.util.Optional;

/**
 * What is drawn of conditioning alone: a picture, tokens, or tokens and then their picture.
 *
 * @param first the model that was asked
 * @param decoder draws the tokens of the first; empty when it draws pictures itself or only tokens
 *     are wanted
 * @param formats wanted, of both
 */
record GenerateOrder(
    PictureOrder first, Optional<PictureOptions> decoder, List<OutputFormat> formats) {
  /**
   * Checks a request.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  static GenerateOrder parse(CallContext context, GenerateRequest request) {
    ServedModel model = context.models().find(request.getModel());
    if (model.manifest().drawsTokens()) {
      return new TokenOrderParser(context, model, request).parse();
    }
    PictureOrder order = picture(context, model, request);
    return new GenerateOrder(order, Optional.empty(), order.options().output().formats());
  }

  private static PictureOrder picture(
      CallContext context, ServedModel model, GenerateRequest request) {
    if (model.manifest().takesTokens()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "Generate is not known to model " + model.bundle().id() + ", which draws from tokens");
    }
    Violations violations = new Violations();
    if (request.hasTokenCount()) {
      violations.add("token_count", "must be absent: this model has no tokens");
    }
    if (request.hasDecoder()) {
      violations.add("decoder", "must be absent: this model draws pictures itself");
    }
    if (request.getVocabularyOffset() != 0) {
      violations.add("vocabulary_offset", "must be 0: this model has no tokens");
    }
    int label =
        ConditioningParser.classLabel(model.manifest(), request.getConditioning(), violations);
    PictureOptions options =
        PictureOptions.parse(
            model,
            request.getConditioning(),
            request.getSampling(),
            request.getOutput(),
            request.getOptions(),
            context.random(),
            violations);
    violations.check();
    return new PictureOrder(options, new VisualInput.ClassLabel(label));
  }
}

package io.madit.server.rpc;

import io.madit.server.model.VisualInput;
import io.madit.v1.Completion;
import io.madit.v1.GenerateRequest;

/** A picture to be drawn from conditioning alone, as the order that the engine understands. */
final class GenerateOrder {
  private GenerateOrder() {}

  /**
   * Checks a request.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  static PictureOrder parse(CallContext context, GenerateRequest request) {
    ServedModel model = context.models().find(request.getModel());
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
            Completion.getDefaultInstance(),
            request.getOptions(),
            context.random(),
            violations);
    violations.check();
    return new PictureOrder(options, new VisualInput.ClassLabel(label));
  }
}

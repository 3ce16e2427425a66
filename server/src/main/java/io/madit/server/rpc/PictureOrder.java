package io.madit.server.rpc;

import io.madit.server.model.VisualInput;
import io.madit.v1.DetokenizeRequest;

/** A picture that may be drawn: its tokens and its options fit the model and each other. */
public record PictureOrder(PictureOptions options, VisualInput visual) {
  /**
   * Checks a request.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  public static PictureOrder parse(CallContext context, DetokenizeRequest request) {
    ServedModel model = model(context, request);
    Violations violations = new Violations();
    VisualInput visual = VisualParser.parse(model, request.getVisual(), violations);
    PictureOptions options =
        PictureOptions.parse(
            model,
            request.getConditioning(),
            request.getSampling(),
            request.getOutput(),
            request.getOptions(),
            context.random(),
            violations);
    options.check(visual, violations);
    violations.check();
    return new PictureOrder(options, visual);
  }

  /**
   * The model of a request.
   *
   * @throws RequestFailure when there is none, or it cannot draw what is given
   */
  static ServedModel model(CallContext context, DetokenizeRequest request) {
    ServedModel model = context.models().find(request.getModel());
    if (model.manifest().drawsTokens()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "Detokenize is not known to model " + model.bundle().id() + ", which draws tokens");
    }
    if (!model.manifest().takesTokens() && !request.getVisual().hasLatents()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "Detokenize is not known to model " + model.bundle().id() + ", which draws from a class");
    }
    return model;
  }
}

package io.madit.server.rpc;

import io.madit.v1.DetokenizeRequest;

/**
 * A picture of a partial sequence: its missing ids are drawn first, by a model with the same
 * codebook.
 *
 * @param completion of the ids
 * @param picture of all ids
 */
record CompletedOrder(PictureOrder completion, PictureOptions picture) {
  /**
   * Checks a request that has a completion.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  static CompletedOrder parse(CallContext context, DetokenizeRequest request) {
    ServedModel model = PictureOrder.model(context, request);
    Violations violations = new Violations();
    Completer completer = Completer.find(context, model, request.getCompletion(), violations);
    if (!request.getVisual().hasTokenIds()) {
      violations.add("visual", "must be token_ids where a completion is asked for");
    }
    violations.check();
    int[] ids =
        PartialIdsParser.parse(
            model.manifest(), request.getVisual().getTokenIds(), "visual.token_ids", violations);
    PictureOptions picture =
        PictureOptions.parse(
            model,
            request.getConditioning(),
            request.getSampling(),
            request.getOutput(),
            request.getOptions(),
            context.random(),
            violations);
    PictureOrder completion =
        completer.order(
            context, ids, picture, request.getConditioning(), request.getOptions(), violations);
    violations.check();
    return new CompletedOrder(completion, picture);
  }
}

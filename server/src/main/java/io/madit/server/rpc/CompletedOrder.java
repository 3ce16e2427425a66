package io.madit.server.rpc;

import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.Completion;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.SamplingOptions;

/**
 * A picture of a partial sequence: its missing ids are drawn first, by a model with the same
 * codebook.
 *
 * @param completion of the ids
 * @param picture of all ids
 */
record CompletedOrder(PictureOrder completion, PictureOptions picture) {
  private static final String FIELD = "completion.";

  /**
   * Checks a request that has a completion.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  static CompletedOrder parse(CallContext context, DetokenizeRequest request) {
    ServedModel model = PictureOrder.model(context, request);
    Completion asked = request.getCompletion();
    ServedModel completer = context.models().named(asked.getModel(), FIELD + "model");
    Violations violations = new Violations();
    requireSameIds(model, completer, violations);
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
            Completion.getDefaultInstance(),
            request.getOptions(),
            context.random(),
            violations);
    Violations inside = new Violations();
    CompleteTokensRequest.Builder completion =
        CompleteTokensRequest.newBuilder()
            .setModel(asked.getModel())
            .setConditioning(conditioning(completer, request))
            .setSampling(sampling(asked, picture.seed()))
            .setIncludePlan(request.getOutput().getIncludePlan());
    if (violations.isEmpty()) { // else the same options would be named twice
      completion.setOptions(request.getOptions());
    }
    PictureOrder order = CompletionOrder.of(context, completer, ids, completion.build(), inside);
    violations.addAll(FIELD, inside);
    violations.check();
    return new CompletedOrder(order, picture);
  }

  private static void requireSameIds(
      ServedModel model, ServedModel completer, Violations violations) {
    if (!completer.manifest().family().completes()) {
      violations.add(
          FIELD + "model", "must be a model that completes ids", completer.bundle().id());
      return;
    }
    if (!Decoders.fits(completer.manifest(), model.manifest())) {
      violations.add(
          FIELD + "model",
          "must draw %s as model %s takes them"
              .formatted(Decoders.tokens(model.manifest()), model.bundle().id()),
          "%s, which draws %s"
              .formatted(completer.bundle().id(), Decoders.tokens(completer.manifest())));
    }
  }

  /** Its own, else the request's text if the model can read it. */
  private static Conditioning conditioning(ServedModel completer, DetokenizeRequest request) {
    if (request.getCompletion().hasConditioning()) {
      return request.getCompletion().getConditioning();
    }
    return completer.tokenizer().isPresent() && request.getConditioning().hasText()
        ? Conditioning.newBuilder().setText(request.getConditioning().getText()).build()
        : Conditioning.getDefaultInstance();
  }

  private static SamplingOptions sampling(Completion asked, long seed) {
    return asked.getSampling().hasSeed()
        ? asked.getSampling()
        : asked.getSampling().toBuilder().setSeed(seed).build();
  }
}

package io.madit.server.rpc;

import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.Completion;
import io.madit.v1.Conditioning;
import io.madit.v1.RequestOptions;
import io.madit.v1.SamplingOptions;

/**
 * The model that draws a picture's missing ids.
 *
 * @param asked what the picture's request says of it
 */
record Completer(ServedModel model, Completion asked) {
  private static final String FIELD = "completion.";

  /**
   * Finds it; names it if it does not draw the ids of {@code picture}.
   *
   * @throws RequestFailure when there is no such model
   */
  static Completer find(
      CallContext context, ServedModel picture, Completion asked, Violations violations) {
    ServedModel model = context.models().named(asked.getModel(), FIELD + "model");
    if (!model.manifest().family().completes()) {
      violations.add(FIELD + "model", "must be a model that completes ids", model.bundle().id());
    } else if (!Decoders.fits(model.manifest(), picture.manifest())) {
      violations.add(
          FIELD + "model",
          "must draw %s as model %s takes them"
              .formatted(Decoders.tokens(picture.manifest()), picture.bundle().id()),
          "%s, which draws %s".formatted(model.bundle().id(), Decoders.tokens(model.manifest())));
    }
    return new Completer(model, asked);
  }

  /**
   * Its part of the work.
   *
   * @param ids -1 where one is missing
   * @param given conditioning of the picture, the default of its own
   * @param options of the request
   */
  PictureOrder order(
      CallContext context,
      int[] ids,
      PictureOptions picture,
      Conditioning given,
      RequestOptions options,
      Violations violations) {
    CompleteTokensRequest.Builder request =
        CompleteTokensRequest.newBuilder()
            .setModel(asked.getModel())
            .setConditioning(conditioning(given))
            .setSampling(sampling(picture.seed()))
            .setIncludePlan(picture.output().includePlan());
    if (violations.isEmpty()) { // else the same options would be named twice
      request.setOptions(options);
    }
    Violations inside = new Violations();
    PictureOrder order = CompletionOrder.of(context, model, ids, request.build(), inside);
    violations.addAll(FIELD, inside);
    return order;
  }

  /** Its own, else the picture's text if the model can read it. */
  private Conditioning conditioning(Conditioning given) {
    if (asked.hasConditioning()) {
      return asked.getConditioning();
    }
    return model.tokenizer().isPresent() && given.hasText()
        ? Conditioning.newBuilder().setText(given.getText()).build()
        : Conditioning.getDefaultInstance();
  }

  private SamplingOptions sampling(long seed) {
    return asked.getSampling().hasSeed()
        ? asked.getSampling()
        : asked.getSampling().toBuilder().setSeed(seed).build();
  }
}

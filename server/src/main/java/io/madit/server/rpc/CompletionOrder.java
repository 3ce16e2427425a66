package io.madit.server.rpc;

import io.madit.server.image.EncodeSettings;
import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.OutputFormat;
import java.util.Arrays;
import java.util.List;

/** Ids to be completed, as the order that the engine understands. */
final class CompletionOrder {
  private CompletionOrder() {}

  /**
   * Checks a request.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  static PictureOrder parse(CallContext context, CompleteTokensRequest request) {
    ServedModel model = context.models().find(request.getModel());
    if (!model.manifest().family().completes()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "CompleteTokens is not known to model "
              + model.bundle().id()
              + (model.manifest().drawsTokens()
                  ? ", which draws all tokens"
                  : ", which draws pictures"));
    }
    Violations violations = new Violations();
    int[] ids = PartialIdsParser.parse(model.manifest(), request.getKnown(), "known", violations);
    PictureOrder order = of(context, model, ids, request, violations);
    violations.check();
    return order;
  }

  /** The order for ids that have been checked; {@code request.known} is not read. */
  static PictureOrder of(
      CallContext context,
      ServedModel model,
      int[] ids,
      CompleteTokensRequest request,
      Violations violations) {
    Manifest manifest = model.manifest();
    int missing = (int) Arrays.stream(ids).filter(id -> id < 0).count();
    PictureOptions options =
        new PictureOptions(
            model,
            ConditioningParser.parse(model, request.getConditioning(), violations),
            CompletionSampling.parse(manifest, request.getSampling(), missing, violations),
            request.getSampling().hasSeed()
                ? request.getSampling().getSeed()
                : context.random().nextLong(),
            new OutputSpec(
                List.of(OutputFormat.OUTPUT_FORMAT_TOKENS),
                EncodeSettings.DEFAULT,
                request.getIncludePlan()),
            PictureOptions.clientRequestId(request.getOptions(), violations),
            PictureOptions.priority(request.getOptions(), violations));
    int label = ConditioningParser.classLabel(manifest, request.getConditioning(), violations);
    return new PictureOrder(options, new VisualInput.PartialIds(ids, label));
  }
}

package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.v1.BeginImage;
import io.madit.v1.OutputFormat;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What BeginImage adds to a picture's options.
 *
 * @param completion of the ids that will not come; all are missing in it
 * @param vocabularyOffset subtracted from each id
 * @param endOfImageId before the offset is subtracted; empty when there is none
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 * @param previewEveryRounds 0: no previews
 */
record StreamOptions(
    PictureOptions picture,
    Optional<PictureOrder> completion,
    long vocabularyOffset,
    OptionalLong endOfImageId,
    OptionalLong deadlineNanos,
    boolean progress,
    int previewEveryRounds,
    OutputFormat previewFormat) {
  private static final int MAX_PREVIEW_INTERVAL = 65535;

  static StreamOptions parse(CallContext context, BeginImage begin) {
    ServedModel model = context.models().find(begin.getModel());
    Manifest manifest = model.manifest();
    Violations violations = new Violations();
    if (!manifest.discrete() || manifest.drawsTokens()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "StreamDetokenize is not known to model "
              + model.bundle().id()
              + ", which draws no picture of ids");
    }
    PictureOptions picture =
        PictureOptions.parse(
            model,
            begin.getConditioning(),
            begin.getSampling(),
            begin.getOutput(),
            begin.getOptions(),
            context.random(),
            violations);
    Optional<PictureOrder> completion =
        begin.hasCompletion() ? completion(context, begin, picture, violations) : Optional.empty();
    long offset = Integer.toUnsignedLong(begin.getVocabularyOffset());
    int codebook = manifest.codebook().size();
    violations.within("vocabulary_offset", offset, 0, 0xFFFFFFFFL - codebook + 1);
    OptionalLong end = OptionalLong.empty();
    if (begin.hasEndOfImageId()) {
      long id = Integer.toUnsignedLong(begin.getEndOfImageId());
      if (id >= offset && id < offset + codebook) {
        violations.add("end_of_image_id", "must not be a visual id", id);
      }
      end = OptionalLong.of(id);
    }
    if (begin.hasTokenCount()) {
      int count = manifest.tokens().count();
      violations.within("token_count", Integer.toUnsignedLong(begin.getTokenCount()), count, count);
    }
    long every = Integer.toUnsignedLong(begin.getPreviewEveryRounds());
    violations.within("preview_every_rounds", every, 0, MAX_PREVIEW_INTERVAL);
    if (begin.getPreviewPrefix()) {
      violations.add("preview_prefix", "must be false: this model has no prefix previews");
    }
    OutputFormat format = previewFormat(begin, violations);
    OptionalLong deadline = deadline(begin, violations);
    violations.check();
    return new StreamOptions(
        picture, completion, offset, end, deadline, begin.getProgress(), (int) every, format);
  }

  private static Optional<PictureOrder> completion(
      CallContext context, BeginImage begin, PictureOptions picture, Violations violations) {
    Violations unfit = new Violations();
    Completer completer = Completer.find(context, picture.model(), begin.getCompletion(), unfit);
    if (begin.getCompletion().getSampling().hasUserPlan()) {
      unfit.add(
          "completion.sampling.user_plan",
          "must be absent: no one knows yet how many ids will come");
    }
    if (!unfit.isEmpty()) {
      violations.addAll(unfit);
      return Optional.empty();
    }
    int[] missing = new int[picture.model().manifest().tokens().count()];
    Arrays.fill(missing, PartialIdsParser.MISSING);
    return Optional.of(
        completer.order(
            context, missing, picture, begin.getConditioning(), begin.getOptions(), violations));
  }

  private static OutputFormat previewFormat(BeginImage begin, Violations violations) {
    if (begin.getPreviewFormatValue() == 0) {
      return OutputFormat.OUTPUT_FORMAT_JPEG;
    }
    if (!OutputSpec.isPicture(begin.getPreviewFormat())) {
      violations.add(
          "preview_format", "must be PNG, JPEG, WEBP or RAW_RGB", begin.getPreviewFormatValue());
    }
    return begin.getPreviewFormat();
  }

  /** The earlier of the picture's and the stream's. */
  private static OptionalLong deadline(BeginImage begin, Violations violations) {
    OptionalLong stream = CallContext.deadlineNanos();
    if (!begin.hasDeadline()) {
      return stream;
    }
    OptionalLong own = PictureOptions.positiveNanos("deadline", begin.getDeadline(), violations);
    if (own.isEmpty()) {
      return stream;
    }
    long end = System.nanoTime() + own.getAsLong();
    return stream.isPresent() && stream.getAsLong() - end < 0 ? stream : OptionalLong.of(end);
  }
}

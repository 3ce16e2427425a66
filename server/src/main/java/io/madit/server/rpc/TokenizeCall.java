package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.admission.Admission.Ticket;
import io.madit.server.engine.TokenizeCommand;
import io.madit.server.engine.TokenizeResult;
import io.madit.server.image.PictureException;
import io.madit.server.image.PictureFit;
import io.madit.server.image.PictureReader;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.ImageFit;
import io.madit.v1.ImageInput;
import io.madit.v1.ImageInput.SourceCase;
import io.madit.v1.RawImage;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/** One Tokenize: read the picture, bring it to the model's size, encode, answer. */
final class TokenizeCall {
  private static final int WHITE = 0xFFFFFF;

  private TokenizeCall() {}

  /** Throws what is wrong with the request; then nothing is held. */
  static void start(
      CallContext context,
      PictureReader reader,
      TokenizeRequest request,
      ServerCallStreamObserver<TokenizeResponse> observer) {
    long begin = System.nanoTime();
    RequestObservation observation = RequestObservation.ofCall();
    observation.clientRequestId(request.getOptions().getClientRequestId());
    ServedModel model = context.models().find(request.getModel());
    if (!model.manifest().encodes()) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "Tokenize is not known to model " + model.bundle().id() + ", which has no encoder");
    }
    check(model.manifest(), request);
    String requestId = context.newRequestId();
    observation.accepted(requestId, model.bundle().id());
    Ticket ticket = context.enterTokenize(model);
    try {
      EncoderInput input = input(reader, request.getImage(), model.manifest());
      CompletableFuture<TokenizeResult> work =
          context
              .engine()
              .tokenize(new TokenizeCommand(model.bundle(), input, CallContext.deadlineNanos()));
      observer.setOnCancelHandler(() -> work.cancel(false));
      InFlight.Request owed = work::completeExceptionally;
      context.inFlight().add(owed);
      // Off the engine thread: the answer may be large.
      work.whenCompleteAsync(
          (result, failure) -> {
            context.inFlight().remove(owed);
            ticket.close();
            if (failure != null) {
              fail(context, observation, observer, failure);
              return;
            }
            observation.tokenized(result.queueNanos(), result.encodeNanos());
            context.metrics().recordOutcome("tokenize", "ok");
            observer.onNext(response(requestId, request, model, result, System.nanoTime() - begin));
            observer.onCompleted();
          });
    } catch (RuntimeException e) {
      ticket.close();
      throw e;
    }
  }

  private static void fail(
      CallContext context,
      RequestObservation observation,
      ServerCallStreamObserver<TokenizeResponse> observer,
      Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    context.failed(observation, "tokenize", cause);
    observer.onError(Statuses.exception(cause));
  }

  private static void check(Manifest manifest, TokenizeRequest request) {
    Violations violations = new Violations();
    int count = manifest.tokens().count();
    if (request.hasTokenCount()) {
      violations.within(
          "token_count", Integer.toUnsignedLong(request.getTokenCount()), count, count);
    }
    long offset = Integer.toUnsignedLong(request.getVocabularyOffset());
    violations.within("vocabulary_offset", offset, 0, 0xFFFFFFFFL - manifest.codebook().size() + 1);
    if (request.getSamplePosterior()) {
      violations.add("sample_posterior", "must be false: this model's tokens are deterministic");
    }
    if (request.getIncludeTokenKl() && !manifest.hasCodewordKl()) {
      violations.add("include_token_kl", "must be false: this model's codewords have no KL");
    }
    if (request.getIncludeLatents()) {
      violations.add("include_latents", "must be false for this model");
    }
    ImageInput image = request.getImage();
    switch (image.getSourceCase()) {
      case ENCODED -> {
        if (image.getEncoded().isEmpty()) {
          violations.add("image.encoded", "must not be empty");
        }
      }
      case RAW -> raw(image.getRaw(), violations);
      case SOURCE_NOT_SET -> violations.add("image", "must have one of encoded, raw and so on");
      default -> {}
    }
    if (!readable(manifest).contains(image.getSourceCase())) {
      violations.add("image", "must be one of " + names(readable(manifest)) + " for this model");
    }
    if (image.getFit() == ImageFit.UNRECOGNIZED) {
      violations.add(
          "image.fit", "must be CENTER_CROP, PAD, STRETCH or EXACT", image.getFitValue());
    }
    violations.within(
        "image.background_rgb", Integer.toUnsignedLong(image.getBackgroundRgb()), 0, WHITE);
    violations.check();
  }

  /** The forms that the model's encoder reads. */
  private static Set<SourceCase> readable(Manifest manifest) {
    Set<SourceCase> forms = EnumSet.of(SourceCase.SOURCE_NOT_SET);
    if (manifest.encodesPictures()) {
      forms.add(SourceCase.ENCODED);
      forms.add(SourceCase.RAW);
    }
    if (manifest.family().readsAndGivesPixels()) {
      forms.add(SourceCase.PIXELS);
    }
    if (manifest.family().tokenizesLatents()) {
      forms.add(SourceCase.LATENTS);
    }
    return forms;
  }

  private static String names(Set<SourceCase> forms) {
    return forms.stream()
        .filter(form -> form != SourceCase.SOURCE_NOT_SET)
        .map(form -> form.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }

  private static EncoderInput input(PictureReader reader, ImageInput image, Manifest manifest) {
    Violations violations = new Violations();
    EncoderInput input =
        switch (image.getSourceCase()) {
          case PIXELS -> pixels(image, manifest.image(), violations);
          case LATENTS -> latents(image, manifest.latent(), violations);
          default -> new EncoderInput.Rgb(picture(reader, image, manifest.image()));
        };
    violations.check();
    return input;
  }

  private static EncoderInput pixels(ImageInput image, Manifest.Image size, Violations violations) {
    String field = "image.pixels";
    float[] values =
        Tensors.read(image.getPixels(), field, violations, 3, size.height(), size.width());
    for (int i = 0; values != null && i < values.length; i++) {
      if (values[i] < 0 || values[i] > 1) {
        violations.add(field + ".data", "must be within 0 and 1, value " + i, values[i]);
        break;
      }
    }
    return new EncoderInput.Pixels(values);
  }

  private static EncoderInput latents(
      ImageInput image, Manifest.Latent size, Violations violations) {
    return new EncoderInput.Latents(
        Tensors.read(
            image.getLatents(),
            "image.latents",
            violations,
            size.channels(),
            size.height(),
            size.width()));
  }

  private static void raw(RawImage raw, Violations violations) {
    long width = Integer.toUnsignedLong(raw.getWidth());
    long height = Integer.toUnsignedLong(raw.getHeight());
    boolean sane = violations.within("image.raw.width", width, 1, 16384);
    sane = violations.within("image.raw.height", height, 1, 16384) && sane;
    if (sane && raw.getRgb().size() != 3 * width * height) {
      violations.add(
          "image.raw.rgb", "must have " + 3 * width * height + " bytes", raw.getRgb().size());
    }
  }

  private static RgbPicture picture(PictureReader reader, ImageInput image, Manifest.Image size) {
    int background = image.hasBackgroundRgb() ? image.getBackgroundRgb() : WHITE;
    RgbPicture picture;
    if (image.hasRaw()) {
      RawImage raw = image.getRaw();
      picture = new RgbPicture(raw.getWidth(), raw.getHeight(), raw.getRgb().toByteArray());
    } else {
      try {
        picture = reader.read(image.getEncoded().toByteArray(), background);
      } catch (PictureException e) {
        throw RequestFailure.violating(ErrorCode.INVALID_FIELD, "image.encoded", e.getMessage());
      }
    }
    return fit(picture, image.getFit(), size, background);
  }

  private static RgbPicture fit(
      RgbPicture picture, ImageFit fit, Manifest.Image size, int background) {
    PictureFit how =
        switch (fit) {
          case IMAGE_FIT_PAD -> PictureFit.PAD;
          case IMAGE_FIT_STRETCH -> PictureFit.STRETCH;
          default -> PictureFit.CENTER_CROP;
        };
    boolean same = picture.width() == size.width() && picture.height() == size.height();
    if (fit == ImageFit.IMAGE_FIT_EXACT && !same) {
      throw RequestFailure.violating(
          ErrorCode.INVALID_FIELD,
          "image",
          "must be %dx%d with IMAGE_FIT_EXACT, is %dx%d"
              .formatted(size.width(), size.height(), picture.width(), picture.height()));
    }
    return how.fit(picture, size.width(), size.height(), background);
  }

  private static TokenizeResponse response(
      String requestId,
      TokenizeRequest request,
      ServedModel model,
      TokenizeResult result,
      long totalNanos) {
    TokenizeResponse.Builder response = TokenizeResponse.newBuilder();
    if (request.getIncludeTokenKl() && result.tokens() instanceof VisualInput.TokenIds tokens) {
      Arrays.stream(tokens.ids()).forEach(id -> response.addTokenKl(model.bundle().codewordKl(id)));
    }
    return response
        .setVisual(
            VisualMessages.tokens(result.tokens(), model.manifest(), request.getVocabularyOffset()))
        .setReport(
            Reports.tokenize(
                requestId, request.getOptions().getClientRequestId(), model, result, totalNanos))
        .build();
  }
}

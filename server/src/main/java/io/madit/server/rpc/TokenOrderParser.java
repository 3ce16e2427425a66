package io.madit.server.rpc;

import io.madit.server.image.EncodeSettings;
import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.SamplingSettings;
import io.madit.v1.Conditioning;
import io.madit.v1.Decoder;
import io.madit.v1.GenerateRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A Generate of a model that draws tokens, and of the model that makes a picture of them. */
final class TokenOrderParser {
  private static final String DECODER = "decoder.";
  private static final int MISSING = -1;

  private final CallContext context;
  private final ServedModel model;
  private final Manifest manifest;
  private final GenerateRequest request;
  private final Violations violations = new Violations();

  TokenOrderParser(CallContext context, ServedModel model, GenerateRequest request) {
    this.context = context;
    this.model = model;
    this.manifest = model.manifest();
    this.request = request;
  }

  GenerateOrder parse() {
    Optional<ServedModel> decoder = decoder();
    List<OutputFormat> formats = formats(decoder.isPresent());
    List<OutputFormat> pictures =
        formats.stream().filter(f -> f != OutputFormat.OUTPUT_FORMAT_TOKENS).toList();
    if (!pictures.isEmpty() && decoder.isEmpty()) {
      violations.add(
          "decoder.model",
          "must be given for a picture: no served model is the usual decoder of "
              + model.bundle().id());
    }
    tokens();
    PictureOrder first = first();
    Optional<PictureOptions> picture =
        pictures.isEmpty()
            ? Optional.empty()
            : decoder.map(served -> picture(served, pictures, first.options().seed()));
    violations.check();
    return new GenerateOrder(first, picture, formats);
  }

  private Optional<ServedModel> decoder() {
    String name = request.getDecoder().getModel();
    if (name.isEmpty()) {
      return Decoders.usual(context.models(), manifest);
    }
    ServedModel decoder = context.models().named(name, DECODER + "model");
    if (!Decoders.fits(manifest, decoder.manifest())) {
      violations.add(
          DECODER + "model",
          "must draw from " + Decoders.tokens(manifest),
          decoder.bundle().id() + ", which does not: " + Decoders.taken(decoder.manifest()));
      violations.check();
    }
    return Optional.of(decoder);
  }

  private List<OutputFormat> formats(boolean decodes) {
    OutputOptions output = request.getOutput();
    List<OutputFormat> formats = new ArrayList<>();
    if (output.getFormat() == OutputFormat.OUTPUT_FORMAT_UNSPECIFIED) {
      formats.add(decodes ? OutputFormat.OUTPUT_FORMAT_PNG : OutputFormat.OUTPUT_FORMAT_TOKENS);
    } else {
      formats.add(output.getFormat());
    }
    violations.within(
        "output.extra_formats.length",
        output.getExtraFormatsCount(),
        0,
        OutputParser.MAX_EXTRA_FORMATS);
    formats.addAll(output.getExtraFormatsList());
    return formats;
  }

  private void tokens() {
    if (request.hasTokenCount()) {
      int count = manifest.tokens().count();
      violations.within(
          "token_count", Integer.toUnsignedLong(request.getTokenCount()), count, count);
    }
    long offset = Integer.toUnsignedLong(request.getVocabularyOffset());
    long most = manifest.discrete() ? 0xFFFFFFFFL - manifest.codebook().size() + 1 : 0;
    violations.within("vocabulary_offset", offset, 0, most);
  }

  /** All tokens, nothing known. */
  private PictureOrder first() {
    int[] missing = new int[manifest.tokens().count()];
    Arrays.fill(missing, MISSING);
    SamplingSettings sampling =
        manifest.byCertainty()
            ? CompletionSampling.parse(manifest, request.getSampling(), missing.length, violations)
            : SamplingParser.parse(model, request.getSampling(), violations);
    PictureOptions options =
        new PictureOptions(
            model,
            ConditioningParser.parse(model, request.getConditioning(), violations),
            sampling,
            request.getSampling().hasSeed()
                ? request.getSampling().getSeed()
                : context.random().nextLong(),
            new OutputSpec(
                List.of(OutputFormat.OUTPUT_FORMAT_TOKENS),
                EncodeSettings.DEFAULT,
                request.getOutput().getIncludePlan()),
            PictureOptions.clientRequestId(request.getOptions(), violations),
            PictureOptions.priority(request.getOptions(), violations));
    int label = ConditioningParser.classLabel(manifest, request.getConditioning(), violations);
    return new PictureOrder(options, new VisualInput.PartialIds(missing, label));
  }

  private PictureOptions picture(ServedModel decoder, List<OutputFormat> formats, long seed) {
    Decoder asked = request.getDecoder();
    Violations inside = new Violations();
    OutputOptions output =
        request.getOutput().toBuilder()
            .setFormat(formats.get(0))
            .clearExtraFormats()
            .addAllExtraFormats(formats.subList(1, formats.size()))
            .build();
    PictureOptions options =
        new PictureOptions(
            decoder,
            ConditioningParser.parse(decoder, conditioning(decoder), inside),
            SamplingParser.parse(decoder, asked.getSampling(), inside),
            asked.getSampling().hasSeed() ? asked.getSampling().getSeed() : seed,
            OutputParser.parse(decoder.manifest(), output, violations),
            request.getOptions().getClientRequestId(),
            PictureOptions.priority(request.getOptions(), new Violations()));
    violations.addAll(DECODER, inside);
    return options;
  }

  /** Its own, else the request's text if the model can read it. */
  private Conditioning conditioning(ServedModel decoder) {
    if (request.getDecoder().hasConditioning()) {
      return request.getDecoder().getConditioning();
    }
    return decoder.tokenizer().isPresent() && request.getConditioning().hasText()
        ? Conditioning.newBuilder().setText(request.getConditioning().getText()).build()
        : Conditioning.getDefaultInstance();
  }
}

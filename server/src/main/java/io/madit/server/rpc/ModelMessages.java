package io.madit.server.rpc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.madit.server.model.Manifest;
import io.madit.server.reveal.GtrOptions;
import io.madit.v1.Capability;
import io.madit.v1.ConditioningKind;
import io.madit.v1.DoubleRange;
import io.madit.v1.FeatureLimits;
import io.madit.v1.GuidancePlacement;
import io.madit.v1.GuidanceSchedule;
import io.madit.v1.Model;
import io.madit.v1.ModelState;
import io.madit.v1.ModelSummary;
import io.madit.v1.OutputFormat;
import io.madit.v1.Precision;
import io.madit.v1.Preset;
import io.madit.v1.RevealOrder;
import io.madit.v1.RevealSchedule;
import io.madit.v1.SamplingBounds;
import io.madit.v1.TextLimits;
import io.madit.v1.Uint32Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Models as messages. */
final class ModelMessages {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ModelMessages() {}

  static ModelSummary summary(ServedModel model) {
    Manifest manifest = model.manifest();
    return ModelSummary.newBuilder()
        .setName(manifest.name())
        .setVersion(manifest.version())
        .setFamily(Enums.family(manifest))
        .setState(ModelState.MODEL_STATE_READY)
        .addAllCapabilities(capabilities(manifest))
        .setImageWidth(manifest.image().width())
        .setImageHeight(manifest.image().height())
        .build();
  }

  /**
   * One model in detail.
   *
   * @param decoder of a token generator, where nothing else is asked for
   */
  static Model model(ServedModel served, Optional<ServedModel> decoder) {
    Manifest manifest = served.manifest();
    Model.Builder model =
        Model.newBuilder()
            .setName(manifest.name())
            .setVersion(manifest.version())
            .setFamily(Enums.family(manifest))
            .setState(ModelState.MODEL_STATE_READY)
            .addAllCapabilities(capabilities(manifest))
            .setImageWidth(manifest.image().width())
            .setImageHeight(manifest.image().height())
            .setGridHeight(manifest.grid().rows())
            .setGridWidth(manifest.grid().columns())
            .setPatchDim(manifest.patchDim())
            .setCodebookSize(manifest.codebook().size())
            .setTokenDim(manifest.tokens().dim())
            .addLatentShape(manifest.latent().channels())
            .addLatentShape(manifest.latent().height())
            .addLatentShape(manifest.latent().width())
            .setLatentScale(manifest.latent().scale())
            .setLatentShift(manifest.latent().shift())
            .setPixelRange(range(-1, 1))
            .setGuidancePlacement(Enums.wire(manifest.guidancePlacement()))
            .setSolver(manifest.solver())
            .setPrecision(Enums.wire(served.placement().precision()))
            .setDecodePrecision(Precision.PRECISION_FLOAT32)
            .setDevice(served.placement().device())
            .setParameterCount(manifest.parameterCount())
            .setLicense(manifest.licence())
            .setProvenance(json(manifest.provenance()))
            .setManifestSha256(served.bundle().manifestSha256());
    manifest.neutralGuidance().ifPresent(model::setNeutralGuidanceScale);
    if (manifest.aestheticScore() != null) {
      model
          .addConditioning(ConditioningKind.CONDITIONING_KIND_AESTHETIC_SCORE)
          .setAestheticScoreRange(range(0, Manifest.AestheticScore.MAX))
          .setDefaultAestheticScore(manifest.aestheticScore().usual());
    }
    if (manifest.takesTokens()) {
      model
          .addTokenCounts(manifest.tokens().count())
          .setDefaultTokenCount(manifest.tokens().count());
    }
    if (manifest.classes() != null) {
      model
          .addConditioning(ConditioningKind.CONDITIONING_KIND_CLASS_LABEL)
          .setClassCount(manifest.classes().count());
    }
    if (manifest.features() != null) {
      model
          .addConditioning(ConditioningKind.CONDITIONING_KIND_FEATURES)
          .setFeatures(
              FeatureLimits.newBuilder()
                  .setMaxLength(manifest.features().maxLength())
                  .setDim(manifest.features().dim()));
    }
    sampling(manifest, model);
    if (manifest.drawsTokens()) {
      noPicture(model, decoder);
    }
    manifest
        .textLimits()
        .ifPresent(
            text -> {
              model.addConditioning(ConditioningKind.CONDITIONING_KIND_TEXT);
              model.setText(text(text));
            });
    metrics("", manifest.metrics(), model);
    return model.build();
  }

  private static List<Capability> capabilities(Manifest manifest) {
    List<Capability> capabilities = new ArrayList<>();
    if (manifest.drawsTokens()) {
      capabilities.add(Capability.CAPABILITY_GENERATE);
      if (manifest.family().completes()) {
        capabilities.add(Capability.CAPABILITY_COMPLETE_TOKENS);
      }
    } else if (manifest.takesTokens()) {
      capabilities.add(Capability.CAPABILITY_DETOKENIZE);
    } else {
      capabilities.add(Capability.CAPABILITY_GENERATE);
    }
    if (manifest.encodes()) {
      capabilities.add(Capability.CAPABILITY_TOKENIZE);
    }
    return capabilities;
  }

  private static void sampling(Manifest manifest, Model.Builder model) {
    model.setSamplingDefaults(SamplingReport.of(manifest, manifest.usual()));
    Manifest.Bounds bounds = manifest.bounds();
    if (manifest.byCertainty()) {
      certain(manifest, model);
      return;
    }
    SamplingBounds.Builder allowed =
        SamplingBounds.newBuilder()
            .setRounds(Uint32Range.newBuilder().setMin(1).setMax(bounds.maxRounds()))
            .setFlowSteps(Uint32Range.newBuilder().setMin(1).setMax(bounds.maxFlowSteps()))
            .setGuidanceScale(range(0, bounds.maxGuidanceScale()))
            .setTemperature(range(0, SamplingParser.MAX_TEMPERATURE))
            .setNoiseScale(range(0, SamplingParser.MAX_NOISE_SCALE))
            .setRegressionOnly(manifest.family().hasCoarseEstimate());
    if (bounds.maxBoostedFlowSteps() > 0) {
      allowed.setBoostedFlowSteps(
          Uint32Range.newBuilder().setMin(1).setMax(bounds.maxBoostedFlowSteps()));
    }
    model.setSamplingBounds(allowed);
    if (manifest.hasCodewordKl()) {
      model.addRevealOrders(RevealOrder.REVEAL_ORDER_KL);
    }
    if (bounds.maxRounds() > 1 && GtrOptions.fits(manifest.grid().places())) {
      model.addRevealOrders(RevealOrder.REVEAL_ORDER_GTR);
    }
    model
        .addRevealOrders(RevealOrder.REVEAL_ORDER_RANDOM)
        .addRevealOrders(RevealOrder.REVEAL_ORDER_RASTER)
        .addRevealOrders(RevealOrder.REVEAL_ORDER_HALTON)
        .addRevealOrders(RevealOrder.REVEAL_ORDER_USER)
        .addRevealSchedules(RevealSchedule.REVEAL_SCHEDULE_COSINE)
        .addRevealSchedules(RevealSchedule.REVEAL_SCHEDULE_LINEAR)
        .addGuidanceSchedules(GuidanceSchedule.GUIDANCE_SCHEDULE_CONSTANT)
        .addGuidanceSchedules(GuidanceSchedule.GUIDANCE_SCHEDULE_LINEAR)
        .addOutputFormats(OutputFormat.OUTPUT_FORMAT_LATENTS);
    pictureFormats(manifest, model);
    manifest
        .presets()
        .forEach(
            (name, preset) ->
                model.addPresets(
                    Preset.newBuilder()
                        .setName(name)
                        .setDescription(preset.description())
                        .setSampling(
                            SamplingReport.of(
                                manifest, preset.sampling().settings(manifest.grid().places())))
                        .putAllMetrics(preset.metrics())));
  }

  /** Tokens come out; pictures of them if there is a decoder. */
  private static void noPicture(Model.Builder model, Optional<ServedModel> decoder) {
    model
        .clearLatentShape()
        .clearPixelRange()
        .clearOutputFormats()
        .addOutputFormats(OutputFormat.OUTPUT_FORMAT_TOKENS);
    decoder.ifPresent(
        served -> {
          model.setDefaultDecoder(served.bundle().id());
          pictureFormats(served.manifest(), model);
        });
  }

  /** Ids, chosen by certainty. */
  private static void certain(Manifest manifest, Model.Builder model) {
    Manifest.Bounds bounds = manifest.bounds();
    SamplingBounds.Builder allowed =
        SamplingBounds.newBuilder()
            .setRounds(Uint32Range.newBuilder().setMin(1).setMax(bounds.maxRounds()))
            .setGuidanceScale(range(0, bounds.maxGuidanceScale()))
            .setChoiceTemperature(range(0, CompletionSampling.MAX_CHOICE_TEMPERATURE));
    if (manifest.family().completes()) {
      allowed.setTemperature(range(0, SamplingParser.MAX_TEMPERATURE));
    }
    model
        .setPatchDim(0)
        .setGuidancePlacement(GuidancePlacement.GUIDANCE_PLACEMENT_LOGITS)
        .setSamplingBounds(allowed)
        .addRevealOrders(RevealOrder.REVEAL_ORDER_CONFIDENCE)
        .addGuidanceSchedules(Enums.wire(manifest.sampling().guidanceSchedule()));
    Arrays.stream(io.madit.server.reveal.RevealSchedule.values())
        .forEach(schedule -> model.addRevealSchedules(Enums.wire(schedule)));
  }

  private static void pictureFormats(Manifest manifest, Model.Builder model) {
    if (manifest.family().readsAndGivesPixels()) {
      model.addOutputFormats(OutputFormat.OUTPUT_FORMAT_PIXELS);
    }
    if (manifest.autoencoder()) {
      model
          .addOutputFormats(OutputFormat.OUTPUT_FORMAT_PNG)
          .addOutputFormats(OutputFormat.OUTPUT_FORMAT_JPEG)
          .addOutputFormats(OutputFormat.OUTPUT_FORMAT_WEBP)
          .addOutputFormats(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    }
  }

  private static TextLimits text(Manifest.Text text) {
    return TextLimits.newBuilder()
        .setAcceptsText(text.tokenized())
        .setAcceptsTokenIds(text.tokenized())
        .setAcceptsEmbeddings(true)
        .setMaxCharacters(ConditioningParser.MAX_CHARACTERS)
        .setMaxTokens(text.maxTokens())
        .setVocabularySize(text.vocabularySize())
        .setEmbeddingDim(text.embedDim())
        .setPooledDim(text.pooledDim())
        .build();
  }

  /** Numbers of a nested object under names joined by dots; other values are left out. */
  private static void metrics(String prefix, Map<String, Object> metrics, Model.Builder model) {
    metrics.forEach(
        (name, value) -> {
          if (value instanceof Number number) {
            model.putMetrics(prefix + name, number.doubleValue());
          } else if (value instanceof Map<?, ?> nested) {
            nested.forEach(
                (key, inner) -> metrics(prefix + name + ".", Map.of("" + key, inner), model));
          }
        });
  }

  private static String json(Map<String, Object> object) {
    try {
      return object.isEmpty() ? "" : JSON.writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // it came from JSON
    }
  }

  private static DoubleRange range(double min, double max) {
    return DoubleRange.newBuilder().setMin(min).setMax(max).build();
  }
}

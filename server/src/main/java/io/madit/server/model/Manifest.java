package io.madit.server.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.GtrOptions;
import io.madit.server.reveal.GtrSettings;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.PatchGrid;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * {@code manifest.json} of a bundle; keys are in snake_case there. All sizes have been checked
 * against each other.
 *
 * @param patchDim numbers per patch P
 * @param text null when the model takes no text
 * @param classes null when the model takes no class
 * @param features null when the model takes no features of its own kind
 * @param aestheticScore null when the model takes none
 * @param decoder name of the bundle, or of the family, that makes pictures of a token generator's
 *     tokens; null if it is not told
 * @param hiddenDim width of a condition slot D
 * @param slots condition slots without text
 * @param autoencoder whether latents can be decoded to a picture; without it only latents come out
 * @param adaptiveSteps whether the solver chooses its own steps
 * @param guidancePlacement null when the model knows no guidance
 * @param presets by name, in the order of the file
 * @param parameterCount number of weights; 0 if not told
 * @param licence SPDX expression of the weights' licence
 * @param files SHA-256 (hex) of every other file of the bundle
 */
public record Manifest(
    int schemaVersion,
    String name,
    String version,
    Family family,
    Image image,
    Grid grid,
    int patchDim,
    Latent latent,
    Codebook codebook,
    Tokens tokens,
    Text text,
    Classes classes,
    Features features,
    AestheticScore aestheticScore,
    String decoder,
    int hiddenDim,
    int slots,
    boolean autoencoder,
    boolean adaptiveSteps,
    GuidancePlacement guidancePlacement,
    Sampling sampling,
    Bounds bounds,
    Map<String, Preset> presets,
    long parameterCount,
    String licence,
    Map<String, Object> provenance,
    Map<String, Object> metrics,
    Map<String, String> files) {

  /** The picture, in pixels. */
  public record Image(int height, int width) {}

  /** The patch grid. */
  public record Grid(int rows, int columns) {
    /** Patches N. */
    public int patches() {
      return rows * columns;
    }

    /** The same for plans. */
    public PatchGrid places() {
      return new PatchGrid(rows, columns);
    }
  }

  /** Latents of the VAE: {@code model space = (vae latent - shift) * scale}. */
  public record Latent(int channels, int height, int width, double scale, double shift) {
    /** Numbers in one picture's latents. */
    public int size() {
      return channels * height * width;
    }
  }

  /** The visual vocabulary; 0 and 0 where tokens are continuous or absent. */
  public record Codebook(int size, int dim) {}

  /**
   * Visual tokens of a picture.
   *
   * @param count L; 0 where pictures are not drawn from tokens
   * @param dim numbers in a continuous token
   */
  public record Tokens(int count, int dim) {}

  /** Classes that a picture can be drawn from. */
  public record Classes(int count) {}

  /**
   * Limits of text.
   *
   * @param pooledDim numbers in the vector of a whole caption; 0 where there is none
   * @param vocabularySize 0 where text comes as features only
   * @param specialTokens whether the tokenizer's begin and end belong to the ids
   */
  public record Text(
      int maxTokens, int embedDim, int pooledDim, int vocabularySize, boolean specialTokens) {
    /** Whether the bundle makes the features itself. */
    public boolean tokenized() {
      return vocabularySize > 0;
    }
  }

  /** Limits of other features than those of text, such as speech. */
  public record Features(int maxLength, int dim) {}

  /** How pleasing a picture shall be: what a request gets that does not say. */
  public record AestheticScore(@JsonProperty("default") double usual) {
    /** Scores go from 0 to this. */
    public static final double MAX = 10;
  }

  /**
   * A named choice.
   *
   * @param description one sentence for people; may be empty
   * @param metrics measured quality and speed
   * @param sampling with the manifest's defaults filled in
   */
  public record Preset(String description, Map<String, Double> metrics, Sampling sampling) {}

  /**
   * What a request gets that asks for nothing else.
   *
   * @param gtr for the order GTR; null if nothing is said
   * @param frequencySteps null: off
   */
  public record Sampling(
      int rounds,
      int flowSteps,
      double guidanceScale,
      GuidanceSchedule guidanceSchedule,
      RevealOrder revealOrder,
      RevealSchedule revealSchedule,
      double temperature,
      double noiseScale,
      double choiceTemperature,
      GtrOptions gtr,
      FrequencySteps frequencySteps) {
    /**
     * These defaults as settings: flow on, no plan of the caller's.
     *
     * @throws IllegalArgumentException naming what does not fit
     */
    public SamplingSettings settings(PatchGrid grid) {
      Optional<GtrSettings> staged =
          revealOrder == RevealOrder.GTR
              ? Optional.of(gtrOptions().resolve(grid, rounds, flowSteps))
              : Optional.empty();
      return new SamplingSettings(
          rounds,
          flowSteps,
          guidanceScale,
          guidanceSchedule,
          revealOrder,
          revealSchedule,
          false,
          temperature,
          noiseScale,
          UserPlan.NONE,
          choiceTemperature,
          staged,
          boosts());
    }

    /** What is said about the order GTR. */
    public GtrOptions gtrOptions() {
      return gtr == null ? GtrOptions.NONE : gtr;
    }

    /** More steps for detailed patches, or none. */
    public FrequencySteps boosts() {
      return frequencySteps == null ? FrequencySteps.NONE : frequencySteps;
    }
  }

  /**
   * Largest values that requests may ask for.
   *
   * @param maxBoostedFlowSteps 0 where the script spends no boosted steps
   */
  public record Bounds(
      int maxRounds, int maxFlowSteps, int maxBoostedFlowSteps, double maxGuidanceScale) {}

  /** The defaults as settings. */
  public SamplingSettings usual() {
    return sampling.settings(grid.places());
  }

  /** Whether pictures are drawn from visual tokens. */
  public boolean takesTokens() {
    return tokens.count() > 0;
  }

  /** Whether visual tokens are ids of a codebook. */
  public boolean discrete() {
    return codebook.size() > 0;
  }

  /** Whether tokens come out, and no picture. */
  public boolean drawsTokens() {
    return family.drawsTokens();
  }

  /** Whether the model decides in each round by its certainty which ids it keeps. */
  public boolean byCertainty() {
    return drawsTokens() && discrete();
  }

  /** Whether its condition is a caption that fills all text slots, beside that of no text. */
  public boolean captioned() {
    return text != null && text.pooledDim() > 0;
  }

  /** The guidance scale that switches guidance off; empty if none does. */
  public OptionalDouble neutralGuidance() {
    return switch (family) {
      case MASKGIL -> OptionalDouble.of(0);
      case MASKGEN -> discrete() ? OptionalDouble.empty() : OptionalDouble.of(1);
      default -> OptionalDouble.of(1);
    };
  }

  /** Solver of the flow or diffusion head; empty if there is none. */
  public String solver() {
    return byCertainty() ? "" : family.solver(adaptiveSteps);
  }

  /** Whether there is an encoder, of pictures or of latents only. */
  public boolean encodes() {
    return encodesPictures() || family.tokenizesLatents();
  }

  /** Whether pictures can be tokenized. */
  public boolean encodesPictures() {
    return takesTokens() && autoencoder;
  }

  /** Whether codewords have a KL, which the order {@code kl} needs. */
  public boolean hasCodewordKl() {
    return files.containsKey(Bundle.CODEWORD_KL);
  }

  /** Limits of text, if the model takes any. */
  public Optional<Text> textLimits() {
    return Optional.ofNullable(text);
  }

  /** Slots that a text takes; a text tower, whose ids have special tokens, fills all of its own. */
  public int textSlots(TextConditioning given) {
    return given instanceof TextConditioning.TokenIds && text.specialTokens()
        ? text.maxTokens()
        : given.length();
  }

  /** Limits of the features that condition the model: those of text, or of its own kind. */
  public Optional<Features> featureLimits() {
    return textLimits()
        .map(limits -> new Features(limits.maxTokens(), limits.embedDim()))
        .or(() -> Optional.ofNullable(features));
  }

  /** Numbers in one of those features; 1 where there are none. */
  public int featureDim() {
    return featureLimits().map(Features::dim).orElse(1);
  }
}

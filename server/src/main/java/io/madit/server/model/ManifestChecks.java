package io.madit.server.model;

import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealPlanner;
import io.madit.server.reveal.SamplingSettings;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Checks the fields of one manifest against each other. */
final class ManifestChecks {
  private final Manifest manifest;

  ManifestChecks(Manifest manifest) {
    this.manifest = manifest;
  }

  void run() throws BundleException {
    present();
    sizes();
    sampling("sampling", manifest.sampling());
    for (Map.Entry<String, Manifest.Preset> preset : manifest.presets().entrySet()) {
      String field = "presets." + preset.getKey();
      notNull(field, preset.getValue());
      notNull(field + ".description", preset.getValue().description());
      notNull(field + ".metrics", preset.getValue().metrics());
      sampling(field, preset.getValue().sampling());
    }
    files();
  }

  private void present() throws BundleException {
    notNull("name", manifest.name());
    notNull("version", manifest.version());
    notNull("family", manifest.family());
    notNull("image", manifest.image());
    notNull("grid", manifest.grid());
    notNull("latent", manifest.latent());
    notNull("codebook", manifest.codebook());
    notNull("tokens", manifest.tokens());
    notNull("sampling", manifest.sampling());
    notNull("bounds", manifest.bounds());
    notNull("presets", manifest.presets());
    notNull("licence", manifest.licence());
    notNull("provenance", manifest.provenance());
    notNull("metrics", manifest.metrics());
    notNull("files", manifest.files());
    require(!manifest.name().isBlank(), "name", "must not be blank");
  }

  private void sizes() throws BundleException {
    if (manifest.drawsTokens()) {
      generator();
    } else {
      picture();
    }
    positive("hidden_dim", manifest.hiddenDim());
    positive("slots", manifest.slots());
    source();
    if (manifest.text() != null) {
      positive("text.max_tokens", manifest.text().maxTokens());
      positive("text.embed_dim", manifest.text().embedDim());
      notNegative("text.vocabulary_size", manifest.text().vocabularySize());
      notNegative("text.pooled_dim", manifest.text().pooledDim());
    }
    if (manifest.aestheticScore() != null) {
      double score = manifest.aestheticScore().usual();
      within("aesthetic_score.default", score, Manifest.AestheticScore.MAX);
      require(manifest.captioned(), "aesthetic_score", "must be null for this family");
    }
  }

  private void picture() throws BundleException {
    positive("image.height", manifest.image().height());
    positive("image.width", manifest.image().width());
    positive("grid.rows", manifest.grid().rows());
    positive("grid.columns", manifest.grid().columns());
    positive("latent.channels", manifest.latent().channels());
    positive("latent.height", manifest.latent().height());
    positive("latent.width", manifest.latent().width());
    multiple("image.height", manifest.image().height(), manifest.latent().height());
    multiple("image.width", manifest.image().width(), manifest.latent().width());
    multiple("latent.height", manifest.latent().height(), manifest.grid().rows());
    multiple("latent.width", manifest.latent().width(), manifest.grid().columns());
    equal("patch_dim", manifest.patchDim(), manifest.latent().size() / manifest.grid().patches());
    double scale = manifest.latent().scale();
    require(Double.isFinite(scale) && scale != 0, "latent.scale", "must be finite and not 0");
    require(Double.isFinite(manifest.latent().shift()), "latent.shift", "must be finite");
  }

  /** A token generator: at most one condition, or a caption and what belongs to it. */
  private void generator() throws BundleException {
    positive("tokens.count", manifest.tokens().count());
    if (manifest.family().completes()) {
      positive("codebook.size", manifest.codebook().size());
    } else {
      require(manifest.captioned(), "text.pooled_dim", "must be at least 1 for this family");
      require(manifest.classes() == null, "classes", "must be null for this family");
    }
    long conditions =
        Stream.of(manifest.text(), manifest.classes(), manifest.features())
            .filter(Objects::nonNull)
            .count();
    require(conditions <= 1, "features", "must be null beside text or classes");
    if (manifest.features() != null) {
      positive("features.max_length", manifest.features().maxLength());
      positive("features.dim", manifest.features().dim());
    }
  }

  /** Pictures are drawn from visual tokens or from a class. */
  private void source() throws BundleException {
    notNegative("codebook.size", manifest.codebook().size());
    notNegative("tokens.count", manifest.tokens().count());
    if (manifest.takesTokens()) {
      positive("tokens.dim", manifest.tokens().dim());
    } else {
      require(manifest.classes() != null, "tokens.count", "must be at least 1 without classes");
    }
    if (manifest.discrete()) {
      positive("codebook.dim", manifest.codebook().dim());
      equal("tokens.dim", manifest.tokens().dim(), manifest.codebook().dim());
    }
    if (manifest.classes() != null) {
      positive("classes.count", manifest.classes().count());
    }
    if (manifest.hasCodewordKl()) {
      positive("codebook.size", manifest.codebook().size());
      equal("tokens.count", manifest.tokens().count(), manifest.grid().patches());
    }
  }

  private void sampling(String field, Manifest.Sampling sampling) throws BundleException {
    notNull(field, sampling);
    Manifest.Bounds bounds = manifest.bounds();
    within(field + ".rounds", sampling.rounds(), bounds.maxRounds());
    within(field + ".flow_steps", sampling.flowSteps(), bounds.maxFlowSteps());
    within(field + ".guidance_scale", sampling.guidanceScale(), bounds.maxGuidanceScale());
    notNull(field + ".guidance_schedule", sampling.guidanceSchedule());
    notNull(field + ".reveal_order", sampling.revealOrder());
    require(
        sampling.revealOrder() != RevealOrder.KL || manifest.hasCodewordKl(),
        field + ".reveal_order",
        "must not be kl without " + Bundle.CODEWORD_KL);
    require(
        (sampling.revealOrder() == RevealOrder.CERTAINTY) == manifest.byCertainty(),
        field + ".reveal_order",
        "must be certainty exactly where token ids are drawn");
    require(
        guidanceSchedules().contains(sampling.guidanceSchedule()),
        field + ".guidance_schedule",
        "must be one of " + guidanceSchedules());
    notNull(field + ".reveal_schedule", sampling.revealSchedule());
    within(
        field + ".frequency_steps.boosted_flow_steps",
        sampling.boosts().boostedFlowSteps(),
        bounds.maxBoostedFlowSteps());
    try {
      SamplingSettings settings = sampling.settings(manifest.grid().places());
      RevealPlanner.rounds(settings, manifest.grid().places());
    } catch (IllegalArgumentException e) {
      throw new BundleException(field, e.getMessage());
    }
  }

  private Set<GuidanceSchedule> guidanceSchedules() {
    if (manifest.family().completes()) {
      return EnumSet.of(GuidanceSchedule.LINEAR_ROUND);
    }
    return manifest.byCertainty()
        ? EnumSet.complementOf(EnumSet.of(GuidanceSchedule.LINEAR_ROUND))
        : EnumSet.of(GuidanceSchedule.CONSTANT, GuidanceSchedule.LINEAR);
  }

  private void files() throws BundleException {
    for (Map.Entry<String, String> file : manifest.files().entrySet()) {
      String field = "files." + file.getKey();
      require(file.getKey().matches("[A-Za-z0-9][A-Za-z0-9._-]*"), field, "must be a plain name");
      notNull(field, file.getValue());
      require(file.getValue().matches("[0-9a-f]{64}"), field, "must be 64 hex digits");
    }
    contains(Bundle.MODEL);
    require(
        manifest.files().containsKey(Bundle.TOKENIZER)
            == manifest.textLimits().filter(Manifest.Text::tokenized).isPresent(),
        "files." + Bundle.TOKENIZER,
        "must be listed exactly when text.vocabulary_size is above 0");
  }

  private void contains(String file) throws BundleException {
    require(manifest.files().containsKey(file), "files." + file, "is missing");
  }

  private static void notNull(String field, Object value) throws BundleException {
    require(value != null, field, "must not be null");
  }

  private static void positive(String field, int value) throws BundleException {
    require(value >= 1, field, "must be at least 1, is " + value);
  }

  private static void notNegative(String field, int value) throws BundleException {
    require(value >= 0, field, "must be at least 0, is " + value);
  }

  private static void within(String field, double value, double high) throws BundleException {
    require(
        value >= 0 && value <= high,
        field,
        "must be within 0 and its bound " + high + ", is " + value);
  }

  private static void multiple(String field, int value, int divisor) throws BundleException {
    require(value % divisor == 0, field, "must be a multiple of " + divisor + ", is " + value);
  }

  private static void equal(String field, int value, int expected) throws BundleException {
    require(value == expected, field, "must be " + expected + ", is " + value);
  }

  private static void require(boolean condition, String field, String problem)
      throws BundleException {
    if (!condition) {
      throw new BundleException(field, problem);
    }
  }
}

package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.GtrSettings;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import io.madit.v1.SamplingOptions;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Sampling options over a preset over the manifest's defaults, within the manifest's bounds. */
final class SamplingParser {
  static final double MAX_TEMPERATURE = 10;
  static final double MAX_NOISE_SCALE = 10;
  private static final String FIELD = "sampling.";

  private SamplingParser() {}

  /** The settings, or the manifest's defaults after a violation. */
  static SamplingSettings parse(ServedModel model, SamplingOptions given, Violations violations) {
    Manifest manifest = model.manifest();
    Violations mine = new Violations();
    Manifest.Sampling base = base(manifest, given, mine);
    Manifest.Bounds bounds = manifest.bounds();
    int rounds =
        count(
            "rounds",
            given.hasRounds(),
            given.getRounds(),
            base.rounds(),
            bounds.maxRounds(),
            mine);
    int steps =
        count(
            "flow_steps",
            given.hasFlowSteps(),
            given.getFlowSteps(),
            base.flowSteps(),
            bounds.maxFlowSteps(),
            mine);
    refuseUnknown(manifest, given, mine);
    double guidance = given.hasGuidanceScale() ? given.getGuidanceScale() : base.guidanceScale();
    mine.within(FIELD + "guidance_scale", guidance, 0, bounds.maxGuidanceScale());
    double temperature = given.hasTemperature() ? given.getTemperature() : base.temperature();
    if (!(temperature > 0)) {
      mine.add(FIELD + "temperature", "must be above 0", temperature);
    }
    mine.within(FIELD + "temperature", temperature, 0, MAX_TEMPERATURE);
    double noise = given.hasNoiseScale() ? given.getNoiseScale() : base.noiseScale();
    mine.within(FIELD + "noise_scale", noise, 0, MAX_NOISE_SCALE);
    if (given.hasChoiceTemperature()) {
      mine.add(FIELD + "choice_temperature", "must be absent for this model");
    }
    RevealOrder order = order(given, base.revealOrder(), mine);
    if (order == RevealOrder.KL && !manifest.hasCodewordKl()) {
      mine.add(FIELD + "reveal_order", "must not be KL: this model's codewords have no KL");
    }
    RevealSchedule schedule = schedule(given, base.revealSchedule(), mine);
    GuidanceSchedule guided = guidanceSchedule(given, base.guidanceSchedule(), mine);
    UserPlan plan = userPlan(manifest, given, order, mine);
    StagedParser staged = new StagedParser(manifest, given, base, mine);
    Optional<GtrSettings> gtr = staged.gtr(order, rounds, steps);
    int usualSteps = IntStream.of(plan.flowSteps()).max().orElse(steps);
    FrequencySteps boosts =
        staged.frequencySteps(gtr.map(GtrSettings::reconstructionFlowSteps).orElse(usualSteps));
    if (!mine.isEmpty()) {
      violations.addAll(mine);
      return manifest.usual();
    }
    return new SamplingSettings(
        rounds,
        steps,
        guidance,
        guided,
        order,
        schedule,
        given.getRegressionOnly(),
        temperature,
        noise,
        plan,
        0,
        gtr,
        boosts);
  }

  /** Options that would have no effect. */
  private static void refuseUnknown(
      Manifest manifest, SamplingOptions given, Violations violations) {
    if (manifest.adaptiveSteps()
        && (given.hasFlowSteps() || given.getUserPlan().getFlowStepsCount() > 0)) {
      violations.add(FIELD + "flow_steps", "must be absent: this model's solver is adaptive");
    }
    if (given.getRegressionOnly() && !manifest.family().hasCoarseEstimate()) {
      violations.add(FIELD + "regression_only", "must be false for this model");
    }
    if (!manifest.family().draws() && (given.hasTemperature() || given.hasNoiseScale())) {
      violations.add("sampling", "must have no temperature or noise_scale: this model draws none");
    }
  }

  static Manifest.Sampling base(Manifest manifest, SamplingOptions given, Violations violations) {
    if (given.getPreset().isEmpty()) {
      return manifest.sampling();
    }
    Manifest.Preset preset = manifest.presets().get(given.getPreset());
    if (preset == null) {
      violations.add(
          FIELD + "preset", "must be one of " + manifest.presets().keySet(), given.getPreset());
      return manifest.sampling();
    }
    return preset.sampling();
  }

  private static int count(
      String name, boolean present, int value, int fallback, int most, Violations violations) {
    if (!present) {
      return fallback;
    }
    violations.within(FIELD + name, Integer.toUnsignedLong(value), 1, most);
    return value;
  }

  private static RevealOrder order(
      SamplingOptions given, RevealOrder fallback, Violations violations) {
    return switch (given.getRevealOrder()) {
      case REVEAL_ORDER_UNSPECIFIED ->
          given.hasUserPlan() && given.getUserPlan().getOrderCount() > 0
              ? RevealOrder.USER
              : fallback;
      case REVEAL_ORDER_KL -> RevealOrder.KL;
      case REVEAL_ORDER_RANDOM -> RevealOrder.RANDOM;
      case REVEAL_ORDER_RASTER -> RevealOrder.RASTER;
      case REVEAL_ORDER_HALTON -> RevealOrder.HALTON;
      case REVEAL_ORDER_GTR -> RevealOrder.GTR;
      case REVEAL_ORDER_USER -> RevealOrder.USER;
      default -> {
        violations.add(
            FIELD + "reveal_order",
            "must be KL, RANDOM, RASTER, HALTON, GTR or USER for this model",
            given.getRevealOrderValue());
        yield fallback;
      }
    };
  }

  private static RevealSchedule schedule(
      SamplingOptions given, RevealSchedule fallback, Violations violations) {
    return switch (given.getRevealSchedule()) {
      case REVEAL_SCHEDULE_UNSPECIFIED -> fallback;
      case REVEAL_SCHEDULE_COSINE -> RevealSchedule.COSINE;
      case REVEAL_SCHEDULE_LINEAR -> RevealSchedule.LINEAR;
      default -> {
        violations.add(
            FIELD + "reveal_schedule",
            "must be COSINE or LINEAR for this model",
            given.getRevealScheduleValue());
        yield fallback;
      }
    };
  }

  private static GuidanceSchedule guidanceSchedule(
      SamplingOptions given, GuidanceSchedule fallback, Violations violations) {
    return switch (given.getGuidanceSchedule()) {
      case GUIDANCE_SCHEDULE_UNSPECIFIED -> fallback;
      case GUIDANCE_SCHEDULE_CONSTANT -> GuidanceSchedule.CONSTANT;
      case GUIDANCE_SCHEDULE_LINEAR -> GuidanceSchedule.LINEAR;
      default -> {
        violations.add(
            FIELD + "guidance_schedule",
            "must be CONSTANT or LINEAR for this model",
            given.getGuidanceScheduleValue());
        yield fallback;
      }
    };
  }

  private static UserPlan userPlan(
      Manifest manifest, SamplingOptions given, RevealOrder order, Violations violations) {
    io.madit.v1.UserPlan plan = given.getUserPlan();
    String field = FIELD + "user_plan.";
    int patches = manifest.grid().patches();
    if (order == RevealOrder.USER) {
      permutation(field + "order", plan.getOrderList(), patches, violations);
    } else if (plan.getOrderCount() > 0) {
      violations.add(field + "order", "must be empty unless reveal_order is USER");
    }
    Manifest.Bounds bounds = manifest.bounds();
    long sum = 0;
    for (int i = 0; i < plan.getCountsCount(); i++) {
      long count = Integer.toUnsignedLong(plan.getCounts(i));
      violations.within(field + "counts[" + i + "]", count, 1, patches);
      sum += count;
    }
    if (plan.getCountsCount() > 0) {
      violations.within(field + "counts.length", plan.getCountsCount(), 1, bounds.maxRounds());
      violations.within(field + "counts.sum", sum, patches, patches);
      if (given.hasRounds()) {
        violations.within(
            FIELD + "rounds",
            Integer.toUnsignedLong(given.getRounds()),
            plan.getCountsCount(),
            plan.getCountsCount());
      }
    }
    int rounds = plan.getCountsCount();
    perRound(field + "flow_steps", plan.getFlowStepsCount(), rounds, violations);
    for (int i = 0; i < plan.getFlowStepsCount(); i++) {
      long steps = Integer.toUnsignedLong(plan.getFlowSteps(i));
      violations.within(field + "flow_steps[" + i + "]", steps, 1, bounds.maxFlowSteps());
    }
    perRound(field + "guidance_scales", plan.getGuidanceScalesCount(), rounds, violations);
    for (int i = 0; i < plan.getGuidanceScalesCount(); i++) {
      violations.within(
          field + "guidance_scales[" + i + "]",
          plan.getGuidanceScales(i),
          0,
          bounds.maxGuidanceScale());
    }
    return violations.isEmpty()
        ? new UserPlan(
            ints(plan.getOrderList()),
            ints(plan.getCountsList()),
            ints(plan.getFlowStepsList()),
            plan.getGuidanceScalesList().stream().mapToDouble(v -> v).toArray())
        : UserPlan.NONE;
  }

  private static void perRound(String field, int length, int rounds, Violations violations) {
    if (length != 0 && length != rounds) {
      violations.add(
          field + ".length", "must equal the length of user_plan.counts, " + rounds, length);
    }
  }

  private static void permutation(
      String field, List<Integer> order, int patches, Violations violations) {
    if (!violations.within(field + ".length", order.size(), patches, patches)) {
      return;
    }
    boolean[] seen = new boolean[patches];
    for (int i = 0; i < patches; i++) {
      int index = order.get(i);
      if (index < 0 || index >= patches || seen[index]) {
        violations.add(
            field + "[" + i + "]",
            "must make a permutation of 0 to " + (patches - 1),
            Integer.toUnsignedLong(index));
        return;
      }
      seen[index] = true;
    }
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(i -> i).toArray();
  }
}

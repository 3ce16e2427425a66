package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import io.madit.v1.GuidanceSchedule;
import io.madit.v1.RevealOrder;
import io.madit.v1.SamplingOptions;
import java.util.Optional;

/** Sampling options of a model that draws token ids: fewer than a picture has, and its own. */
final class CompletionSampling {
  static final double MAX_CHOICE_TEMPERATURE = 100;
  private static final String FIELD = "sampling.";

  private CompletionSampling() {}

  /**
   * The settings, or the manifest's defaults after a violation.
   *
   * @param missing ids to be drawn
   */
  static SamplingSettings parse(
      Manifest manifest, SamplingOptions given, int missing, Violations violations) {
    Violations mine = new Violations();
    refuseUnknown(manifest, given, mine);
    Manifest.Sampling base = SamplingParser.base(manifest, given, mine);
    Manifest.Bounds bounds = manifest.bounds();
    int rounds = given.hasRounds() ? given.getRounds() : base.rounds();
    mine.within(FIELD + "rounds", Integer.toUnsignedLong(rounds), 1, bounds.maxRounds());
    double guidance = given.hasGuidanceScale() ? given.getGuidanceScale() : base.guidanceScale();
    mine.within(FIELD + "guidance_scale", guidance, 0, bounds.maxGuidanceScale());
    double temperature = given.hasTemperature() ? given.getTemperature() : base.temperature();
    if (!(temperature > 0)) {
      mine.add(FIELD + "temperature", "must be above 0", temperature);
    }
    mine.within(FIELD + "temperature", temperature, 0, SamplingParser.MAX_TEMPERATURE);
    double choice =
        given.hasChoiceTemperature() ? given.getChoiceTemperature() : base.choiceTemperature();
    mine.within(FIELD + "choice_temperature", choice, 0, MAX_CHOICE_TEMPERATURE);
    RevealSchedule schedule = schedule(given, base.revealSchedule(), mine);
    int[] counts = counts(given, missing, bounds.maxRounds(), mine);
    if (!mine.isEmpty()) {
      violations.addAll(mine);
      return manifest.usual();
    }
    if (counts.length == 0 && !manifest.family().completes()) {
      counts = schedule.counts(missing, rounds);
    }
    return new SamplingSettings(
        rounds,
        base.flowSteps(),
        guidance,
        base.guidanceSchedule(),
        base.revealOrder(),
        schedule,
        false,
        temperature,
        base.noiseScale(),
        new UserPlan(new int[0], counts, new int[0], new double[0]),
        choice,
        Optional.empty(),
        FrequencySteps.NONE);
  }

  /** Options that would have no effect. */
  private static void refuseUnknown(
      Manifest manifest, SamplingOptions given, Violations violations) {
    if (given.hasTemperature() && !manifest.family().completes()) {
      violations.add(FIELD + "temperature", "must be absent: the bundle fixes that of the logits");
    }
    if (given.hasFlowSteps() || given.hasNoiseScale() || given.getRegressionOnly()) {
      violations.add("sampling", "must have no flow_steps, noise_scale or regression_only here");
    }
    if (given.hasGtr() || given.hasFrequencySteps()) {
      violations.add("sampling", "must have no gtr or frequency_steps for this model");
    }
    if (given.getUserPlan().getOrderCount() > 0
        || given.getUserPlan().getFlowStepsCount() > 0
        || given.getUserPlan().getGuidanceScalesCount() > 0) {
      violations.add(FIELD + "user_plan", "must have counts alone: this model chooses the rest");
    }
    var guided = manifest.sampling().guidanceSchedule();
    if (given.getGuidanceSchedule() != GuidanceSchedule.GUIDANCE_SCHEDULE_UNSPECIFIED
        && given.getGuidanceSchedule() != Enums.wire(guided)) {
      violations.add(
          FIELD + "guidance_schedule",
          "must be " + guided + " for this model",
          given.getGuidanceScheduleValue());
    }
    var order = manifest.sampling().revealOrder();
    if (given.getRevealOrder() != RevealOrder.REVEAL_ORDER_UNSPECIFIED
        && given.getRevealOrder() != Enums.wire(order)) {
      violations.add(
          FIELD + "reveal_order",
          "must be " + Enums.wire(order) + " for this model",
          given.getRevealOrderValue());
    }
  }

  private static RevealSchedule schedule(
      SamplingOptions given, RevealSchedule fallback, Violations violations) {
    return switch (given.getRevealSchedule()) {
      case REVEAL_SCHEDULE_UNSPECIFIED -> fallback;
      case REVEAL_SCHEDULE_COSINE -> RevealSchedule.COSINE;
      case REVEAL_SCHEDULE_LINEAR -> RevealSchedule.LINEAR;
      case REVEAL_SCHEDULE_ARCCOS -> RevealSchedule.ARCCOS;
      case REVEAL_SCHEDULE_SQUARE -> RevealSchedule.SQUARE;
      case REVEAL_SCHEDULE_ROOT -> RevealSchedule.ROOT;
      case UNRECOGNIZED -> {
        violations.add(
            FIELD + "reveal_schedule",
            "must be COSINE, LINEAR, ARCCOS, SQUARE or ROOT",
            given.getRevealScheduleValue());
        yield fallback;
      }
    };
  }

  private static int[] counts(
      SamplingOptions given, int missing, int maxRounds, Violations violations) {
    String field = FIELD + "user_plan.counts";
    int[] counts = given.getUserPlan().getCountsList().stream().mapToInt(i -> i).toArray();
    if (counts.length == 0) {
      return counts;
    }
    long sum = 0;
    for (int i = 0; i < counts.length; i++) {
      long count = Integer.toUnsignedLong(counts[i]);
      violations.within(field + "[" + i + "]", count, 1, missing);
      sum += count;
    }
    violations.within(field + ".length", counts.length, 1, maxRounds);
    violations.within(field + ".sum", sum, missing, missing);
    if (given.hasRounds()) {
      violations.within(FIELD + "rounds", given.getRounds(), counts.length, counts.length);
    }
    return counts;
  }
}

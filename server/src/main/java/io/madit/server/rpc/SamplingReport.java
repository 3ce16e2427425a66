package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.GtrSettings;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import io.madit.v1.GtrOptions;
import io.madit.v1.SamplingOptions;
import java.util.Arrays;

/**
 * Settings as the request that asks for exactly them: every option that the model takes, and none
 * that it refuses.
 */
final class SamplingReport {
  private SamplingReport() {}

  static SamplingOptions.Builder of(Manifest manifest, SamplingSettings settings) {
    SamplingOptions.Builder options =
        SamplingOptions.newBuilder()
            .setGuidanceScale(settings.guidanceScale())
            .setGuidanceSchedule(Enums.wire(settings.guidanceSchedule()))
            .setRevealOrder(Enums.wire(settings.revealOrder()))
            .setRevealSchedule(Enums.wire(settings.revealSchedule()));
    if (manifest.byCertainty()) {
      tokens(manifest, settings, options);
    } else {
      picture(manifest, settings, options);
    }
    return options;
  }

  /** What {@link CompletionSampling} takes. */
  private static void tokens(
      Manifest manifest, SamplingSettings settings, SamplingOptions.Builder options) {
    options.setChoiceTemperature(settings.choiceTemperature());
    if (manifest.family().completes()) {
      options.setTemperature(settings.temperature());
    }
    int[] counts = settings.userPlan().counts();
    if (counts.length == 0 || isOfSchedule(manifest, settings)) {
      options.setRounds(settings.rounds());
    } else {
      plan(settings.userPlan(), options);
    }
  }

  /** Models that draw all tokens have the counts of their schedule written out. */
  private static boolean isOfSchedule(Manifest manifest, SamplingSettings settings) {
    return !manifest.family().completes()
        && Arrays.equals(
            settings.userPlan().counts(),
            settings.revealSchedule().counts(manifest.tokens().count(), settings.rounds()));
  }

  /** What {@link SamplingParser} takes. */
  private static void picture(
      Manifest manifest, SamplingSettings settings, SamplingOptions.Builder options) {
    boolean stepsChosen = !manifest.adaptiveSteps();
    if (stepsChosen) {
      options.setFlowSteps(settings.flowSteps());
    }
    if (manifest.family().draws()) {
      options.setTemperature(settings.temperature()).setNoiseScale(settings.noiseScale());
    }
    if (settings.regressionOnly()) {
      options.setRegressionOnly(true);
    }
    plan(settings.userPlan(), options);
    if (settings.userPlan().counts().length == 0) {
      options.setRounds(settings.rounds());
    }
    settings.gtr().ifPresent(gtr -> options.setGtr(gtr(gtr, stepsChosen)));
    FrequencySteps boosts = settings.frequencySteps();
    if (boosts.on()) {
      options.setFrequencySteps(
          io.madit.v1.FrequencySteps.newBuilder()
              .setFraction(boosts.fraction())
              .setBoostedFlowSteps(boosts.boostedFlowSteps()));
    }
  }

  /** The caller's own plan as it was given. */
  private static void plan(UserPlan plan, SamplingOptions.Builder options) {
    io.madit.v1.UserPlan.Builder given = io.madit.v1.UserPlan.newBuilder();
    Arrays.stream(plan.order()).forEach(given::addOrder);
    Arrays.stream(plan.counts()).forEach(given::addCounts);
    Arrays.stream(plan.flowSteps()).forEach(given::addFlowSteps);
    Arrays.stream(plan.guidanceScales()).forEach(given::addGuidanceScales);
    if (given.getOrderCount() > 0 || given.getCountsCount() > 0) {
      options.setUserPlan(given);
    }
  }

  private static GtrOptions gtr(GtrSettings settings, boolean stepsChosen) {
    GtrOptions.Builder options =
        GtrOptions.newBuilder()
            .setStages(settings.stages())
            .setReconstructionRounds(settings.reconstructionRounds());
    if (stepsChosen) {
      options
          .setFirstFlowSteps(settings.firstFlowSteps())
          .setLastFlowSteps(settings.lastFlowSteps())
          .setReconstructionFlowSteps(settings.reconstructionFlowSteps());
    }
    return options.build();
  }
}

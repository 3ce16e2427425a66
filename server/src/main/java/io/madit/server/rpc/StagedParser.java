package io.madit.server.rpc;

import io.madit.server.model.Manifest;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.GtrOptions;
import io.madit.server.reveal.GtrSettings;
import io.madit.server.reveal.PatchGrid;
import io.madit.server.reveal.RevealOrder;
import io.madit.v1.SamplingOptions;
import java.util.Optional;

/** Settings of the order GTR and of boosted steps, over those of a preset or the manifest. */
final class StagedParser {
  private static final String GTR = "sampling.gtr.";
  private static final String FREQUENCY = "sampling.frequency_steps";

  private final Manifest manifest;
  private final SamplingOptions given;
  private final Manifest.Sampling base;
  private final Violations violations;

  StagedParser(
      Manifest manifest, SamplingOptions given, Manifest.Sampling base, Violations violations) {
    this.manifest = manifest;
    this.given = given;
    this.base = base;
    this.violations = violations;
  }

  /** Empty for other orders, or after a violation. */
  Optional<GtrSettings> gtr(RevealOrder order, int rounds, int flowSteps) {
    if (order != RevealOrder.GTR) {
      if (given.hasGtr()) {
        violations.add("sampling.gtr", "must be absent unless reveal_order is GTR");
      }
      return Optional.empty();
    }
    if (given.getUserPlan().getCountsCount() > 0) {
      violations.add("sampling.user_plan.counts", "must be empty with reveal_order GTR");
    }
    Violations mine = new Violations();
    GtrOptions asked = asked(mine);
    if (mine.isEmpty() && rounds < 2) {
      mine.add("sampling.rounds", "must be at least 2 with reveal_order GTR", rounds);
    }
    if (!mine.isEmpty()) {
      violations.addAll(mine);
      return Optional.empty();
    }
    GtrOptions fallback = base.gtrOptions().fitting(rounds);
    if (given.hasFlowSteps()) {
      fallback = fallback.withoutSteps();
    }
    PatchGrid grid = manifest.grid().places();
    try {
      return Optional.of(asked.over(fallback).resolve(grid, rounds, flowSteps));
    } catch (IllegalArgumentException e) {
      violations.add("sampling.gtr", e.getMessage());
      return Optional.empty();
    }
  }

  private GtrOptions asked(Violations mine) {
    io.madit.v1.GtrOptions gtr = given.getGtr();
    int rounds = manifest.bounds().maxRounds();
    return new GtrOptions(
        count("stages", gtr.hasStages(), gtr.getStages(), Integer.SIZE, mine),
        count(
            "reconstruction_rounds",
            gtr.hasReconstructionRounds(),
            gtr.getReconstructionRounds(),
            rounds,
            mine),
        steps("first_flow_steps", gtr.hasFirstFlowSteps(), gtr.getFirstFlowSteps(), mine),
        steps("last_flow_steps", gtr.hasLastFlowSteps(), gtr.getLastFlowSteps(), mine),
        steps(
            "reconstruction_flow_steps",
            gtr.hasReconstructionFlowSteps(),
            gtr.getReconstructionFlowSteps(),
            mine));
  }

  /** An adaptive solver chooses its steps itself. */
  private Integer steps(String name, boolean present, int value, Violations mine) {
    if (present && manifest.adaptiveSteps()) {
      mine.add(
          GTR + name,
          "must be absent: this model's solver is adaptive",
          Integer.toUnsignedLong(value));
      return null;
    }
    return count(name, present, value, manifest.bounds().maxFlowSteps(), mine);
  }

  private static Integer count(String name, boolean present, int value, int most, Violations mine) {
    if (!present) {
      return null;
    }
    mine.within(GTR + name, Integer.toUnsignedLong(value), 1, most);
    return value;
  }

  /**
   * @param steps the most that a round which boosts patches has before the boost
   */
  FrequencySteps frequencySteps(int steps) {
    FrequencySteps fallback =
        base.boosts().boostedFlowSteps() < steps ? FrequencySteps.NONE : base.boosts();
    if (!given.hasFrequencySteps()) {
      return fallback;
    }
    int most = manifest.bounds().maxBoostedFlowSteps();
    if (most == 0) {
      violations.add(FREQUENCY, "must be absent: this model does not boost patches");
      return FrequencySteps.NONE;
    }
    io.madit.v1.FrequencySteps asked = given.getFrequencySteps();
    double fraction = asked.hasFraction() ? asked.getFraction() : fallback.fraction();
    if (!asked.hasFraction() && !fallback.on()) {
      violations.add(FREQUENCY + ".fraction", "must be given: the model has no default");
    }
    boolean fits = violations.within(FREQUENCY + ".fraction", fraction, 0, 1);
    if (!fits || fraction == 0) {
      return FrequencySteps.NONE;
    }
    if (!asked.hasBoostedFlowSteps()) {
      if (!fallback.on()) {
        violations.add(
            FREQUENCY + ".boosted_flow_steps", "must be given: the model has no default");
        return FrequencySteps.NONE;
      }
      return new FrequencySteps(fraction, fallback.boostedFlowSteps());
    }
    long boosted = Integer.toUnsignedLong(asked.getBoostedFlowSteps());
    return violations.within(FREQUENCY + ".boosted_flow_steps", boosted, steps, most)
        ? new FrequencySteps(fraction, (int) boosted)
        : FrequencySteps.NONE;
  }
}

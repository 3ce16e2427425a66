package io.madit.server.reveal;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * How one picture is sampled; every default has been filled in.
 *
 * @param rounds K, at least 1; with K above the patch count N the plan has N rounds
 * @param flowSteps solver steps T per round, at least 1
 * @param guidanceScale w, finite; 1 switches guidance off
 * @param regressionOnly patch = coarse estimate; flow steps and guidance have no effect
 * @param temperature factor on the noise of each solver step, above 0
 * @param noiseScale factor on the initial noise, at least 0
 * @param gtr there exactly when the order is {@link RevealOrder#GTR}
 * @param frequencySteps more steps for detailed patches: in the reconstruction stage of GTR, in
 *     every round of another order
 * @param choiceTemperature weight of the noise in certainty, at least 0; for {@link
 *     RevealOrder#CERTAINTY}
 */
public record SamplingSettings(
    int rounds,
    int flowSteps,
    double guidanceScale,
    GuidanceSchedule guidanceSchedule,
    RevealOrder revealOrder,
    RevealSchedule revealSchedule,
    boolean regressionOnly,
    double temperature,
    double noiseScale,
    UserPlan userPlan,
    double choiceTemperature,
    Optional<GtrSettings> gtr,
    FrequencySteps frequencySteps) {
  public SamplingSettings {
    require(rounds >= 1, "rounds must be at least 1, is " + rounds);
    require(flowSteps >= 1, "flowSteps must be at least 1, is " + flowSteps);
    require(Double.isFinite(guidanceScale), "guidanceScale must be finite, is " + guidanceScale);
    require(
        Double.isFinite(temperature) && temperature > 0,
        "temperature must be finite and above 0, is " + temperature);
    require(
        Double.isFinite(noiseScale) && noiseScale >= 0,
        "noiseScale must be finite and at least 0, is " + noiseScale);
    require(
        Double.isFinite(choiceTemperature) && choiceTemperature >= 0,
        "choiceTemperature must be finite and at least 0, is " + choiceTemperature);
    requireNonNull(guidanceSchedule, "guidanceSchedule");
    requireNonNull(revealOrder, "revealOrder");
    requireNonNull(revealSchedule, "revealSchedule");
    requireNonNull(userPlan, "userPlan");
    requireNonNull(frequencySteps, "frequencySteps");
    require(
        gtr.isPresent() == (revealOrder == RevealOrder.GTR),
        "gtr must be given exactly with the order GTR, the order is " + revealOrder);
  }

  /** Settings of another order than GTR and CERTAINTY, without boosted patches. */
  public SamplingSettings(
      int rounds,
      int flowSteps,
      double guidanceScale,
      GuidanceSchedule guidanceSchedule,
      RevealOrder revealOrder,
      RevealSchedule revealSchedule,
      boolean regressionOnly,
      double temperature,
      double noiseScale,
      UserPlan userPlan) {
    this(
        rounds,
        flowSteps,
        guidanceScale,
        guidanceSchedule,
        revealOrder,
        revealSchedule,
        regressionOnly,
        temperature,
        noiseScale,
        userPlan,
        0,
        Optional.empty(),
        FrequencySteps.NONE);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}

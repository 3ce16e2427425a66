package io.madit.server.reveal;

/**
 * More solver steps for the patches with most detail, which the model's script picks.
 *
 * @param fraction share of a round's patches, 0 to 1; 0 is none
 * @param boostedFlowSteps their solver steps
 */
public record FrequencySteps(double fraction, int boostedFlowSteps) {
  /** No patch gets more steps. */
  public static final FrequencySteps NONE = new FrequencySteps(0, 0);

  public FrequencySteps {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new IllegalArgumentException(
          "frequency_steps.fraction must be within 0 and 1, is " + fraction);
    }
    if (fraction > 0 && boostedFlowSteps < 1) {
      throw new IllegalArgumentException(
          "frequency_steps.boosted_flow_steps must be at least 1, is " + boostedFlowSteps);
    }
  }

  /** Whether any patch gets more steps. */
  public boolean on() {
    return fraction > 0;
  }
}

package io.madit.server.reveal;

/**
 * The order "generation, then reconstruction", every value filled in by {@link GtrOptions}.
 *
 * @param stages levels of bisection of the generation stage
 * @param reconstructionRounds rounds of the reconstruction stage, below the total
 * @param firstFlowSteps solver steps in the first round of generation; they fall linearly
 * @param lastFlowSteps solver steps in the last round of generation, at most the first
 * @param reconstructionFlowSteps solver steps in every round of reconstruction
 */
public record GtrSettings(
    int stages,
    int reconstructionRounds,
    int firstFlowSteps,
    int lastFlowSteps,
    int reconstructionFlowSteps) {
  public GtrSettings {
    positive("stages", stages);
    positive("reconstruction_rounds", reconstructionRounds);
    positive("first_flow_steps", firstFlowSteps);
    positive("last_flow_steps", lastFlowSteps);
    positive("reconstruction_flow_steps", reconstructionFlowSteps);
    if (lastFlowSteps > firstFlowSteps) {
      throw new IllegalArgumentException(
          "gtr.last_flow_steps must be at most first_flow_steps "
              + firstFlowSteps
              + ", is "
              + lastFlowSteps);
    }
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("gtr." + name + " must be at least 1, is " + value);
    }
  }
}

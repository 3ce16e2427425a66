package io.madit.cli;

import io.madit.v1.RevealOrder;
import io.madit.v1.SamplingOptions;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Sampling on the command line. What is not given, the model decides; what is out of bounds, the
 * server refuses.
 */
final class SamplingFlags {
  /** Orders that need nothing but a name. */
  enum Order {
    KL(RevealOrder.REVEAL_ORDER_KL),
    RANDOM(RevealOrder.REVEAL_ORDER_RANDOM),
    RASTER(RevealOrder.REVEAL_ORDER_RASTER),
    HALTON(RevealOrder.REVEAL_ORDER_HALTON),
    GTR(RevealOrder.REVEAL_ORDER_GTR);

    private final RevealOrder wire;

    Order(RevealOrder wire) {
      this.wire = wire;
    }
  }

  @Option(names = "--seed", paramLabel = "N", description = "Seed of all noise.")
  private Long seed;

  @Option(names = "--preset", paramLabel = "NAME", description = "Preset of the model.")
  private String preset;

  @Option(names = "--rounds", paramLabel = "K", description = "Number of rounds.")
  private Integer rounds;

  @Option(names = "--flow-steps", paramLabel = "T", description = "Solver steps per round.")
  private Integer flowSteps;

  @Option(names = "--guidance", paramLabel = "W", description = "Guidance scale.")
  private Double guidance;

  @Option(
      names = "--order",
      paramLabel = "ORDER",
      description = "Reveal order: ${COMPLETION-CANDIDATES}.")
  private Order order;

  @Option(names = "--regression-only", description = "Skip the flow head.")
  private boolean regressionOnly;

  /** The options as a request, with a seed in any case when {@code defaultSeed} is there. */
  SamplingOptions toProto(Optional<Long> defaultSeed) {
    SamplingOptions.Builder options = SamplingOptions.newBuilder();
    Optional.ofNullable(seed).or(() -> defaultSeed).ifPresent(options::setSeed);
    Optional.ofNullable(preset).ifPresent(options::setPreset);
    Optional.ofNullable(rounds).map(k -> notNegative("--rounds", k)).ifPresent(options::setRounds);
    Optional.ofNullable(flowSteps)
        .map(t -> notNegative("--flow-steps", t))
        .ifPresent(options::setFlowSteps);
    Optional.ofNullable(guidance).ifPresent(options::setGuidanceScale);
    Optional.ofNullable(order).ifPresent(o -> options.setRevealOrder(o.wire));
    if (regressionOnly) {
      options.setRegressionOnly(true);
    }
    return options.build();
  }

  private static int notNegative(String flag, int value) {
    if (value < 0) {
      throw new CommandFailure(flag + " is " + value + ", it cannot be negative");
    }
    return value;
  }
}

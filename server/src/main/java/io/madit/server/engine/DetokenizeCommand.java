package io.madit.server.engine;

import static java.util.Objects.requireNonNull;

import io.madit.server.cost.WorkPlan;
import io.madit.server.model.Bundle;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.PatchGrid;
import io.madit.server.reveal.RevealPlan;
import io.madit.server.reveal.RevealPlanner;
import io.madit.server.reveal.SamplingSettings;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Asks for a picture. Construction checks everything against the model's manifest, so that the
 * engine only meets commands that fit.
 *
 * @param text ignored for latents
 * @param sampling ignored for latents
 * @param wantPicture decode the latents to pixels
 * @param wantLatents return the latents
 * @param wantPixels return unclamped float pixels
 * @param previewEveryRounds 0: no previews
 * @param progress report each round
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 */
public record DetokenizeCommand(
    Bundle model,
    VisualInput visual,
    TextConditioning text,
    long seed,
    SamplingSettings sampling,
    boolean wantPicture,
    boolean wantLatents,
    boolean wantPixels,
    int previewEveryRounds,
    boolean progress,
    OptionalLong deadlineNanos,
    Priority priority) {
  public DetokenizeCommand {
    requireNonNull(deadlineNanos, "deadlineNanos");
    requireNonNull(priority, "priority");
    if (!wantPicture && !wantLatents && !wantPixels && !model.manifest().drawsTokens()) {
      throw new IllegalArgumentException(
          "one of wantPicture, wantLatents and wantPixels must be true");
    }
    if (previewEveryRounds < 0) {
      throw new IllegalArgumentException(
          "previewEveryRounds must be at least 0, is " + previewEveryRounds);
    }
    CommandChecks checks = new CommandChecks(model.manifest());
    checks.visual(visual);
    checks.text(text);
    checks.sampling(sampling);
    checks.outputs(wantPicture, wantLatents, wantPixels);
  }

  /** Condition slots L + S. */
  int slots() {
    return model.manifest().slots() + model.manifest().textSlots(text);
  }

  /**
   * The plan; empty for latents, which need no rounds.
   *
   * @throws IllegalArgumentException when what is asked for does not fit the model
   */
  Optional<RevealPlan> plan() {
    if (visual instanceof VisualInput.Latents) {
      return Optional.empty();
    }
    PatchGrid grid = model.manifest().grid().places();
    return Optional.of(
        RevealPlanner.compile(sampling, grid, visual.ids(), model.codewordKl(), seed));
  }

  /** What the device has to do for a plan. */
  WorkPlan work(Optional<RevealPlan> plan) {
    int pictures = wantPicture ? 1 : 0;
    return plan.map(
            p ->
                WorkPlan.of(
                    model.manifest(), p.rounds(), slots(), sampling.regressionOnly(), wantPicture))
        .orElseGet(() -> WorkPlan.ofLatents(pictures));
  }
}

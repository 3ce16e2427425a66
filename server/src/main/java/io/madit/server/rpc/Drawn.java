package io.madit.server.rpc;

import io.madit.server.engine.Timings;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.RevealPlan;
import io.madit.v1.Output;
import java.util.List;
import java.util.Optional;

/**
 * A picture that is done.
 *
 * @param outputs in the order of {@link OutputSpec#formats}
 * @param tokens of a token generator
 * @param plan that was run; empty for latents
 * @param timings on the device
 * @param encodeNanos of all outputs
 */
public record Drawn(
    List<Output> outputs,
    Optional<VisualInput> tokens,
    Optional<RevealPlan> plan,
    Timings timings,
    long encodeNanos) {
  /** Ids of the tokens; empty if they are continuous or there are none. */
  int[] ids() {
    return tokens.map(VisualInput::ids).orElseGet(() -> new int[0]);
  }
}

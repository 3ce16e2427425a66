package io.madit.server.engine;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.VisualInput;
import java.util.Optional;

/**
 * What a session has come to.
 *
 * @param picture if asked for
 * @param tokens all of them, from a token generator
 * @param latents model space {@code [C][h][w]}, float32, if asked for
 * @param pixels unclamped, {@code [3][H][W]}, float32, if asked for
 */
public record DetokenizeResult(
    Optional<RgbPicture> picture,
    Optional<float[]> latents,
    Optional<float[]> pixels,
    Optional<VisualInput> tokens,
    Timings timings) {}

package io.madit.server.engine;

import io.madit.server.model.VisualInput;

/**
 * Tokens of a picture.
 *
 * @param tokens ids {@code [L]} in raster order, or continuous tokens
 * @param queueNanos before the work began
 * @param encodeNanos the model's encoder
 */
public record TokenizeResult(VisualInput tokens, long queueNanos, long encodeNanos) {}

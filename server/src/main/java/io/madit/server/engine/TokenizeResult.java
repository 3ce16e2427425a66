package io.madit.server.engine;

/**
 * Tokens of a picture.
 *
 * @param ids {@code [L]} in raster order
 * @param queueNanos before the work began
 * @param encodeNanos the model's encoder
 */
public record TokenizeResult(int[] ids, long queueNanos, long encodeNanos) {}

package io.madit.server.engine;

/**
 * Where the time of a session went; the four parts sum up to the time between submission and
 * result.
 *
 * @param queueNanos not worked for: before the first work, between rounds and before the decode
 * @param conditionNanos condition and initial canvas
 * @param roundsNanos the rounds it took part in; a shared round counts in full
 * @param decodeNanos the final picture
 * @param rounds rounds run
 */
public record Timings(
    long queueNanos, long conditionNanos, long roundsNanos, long decodeNanos, int rounds) {}

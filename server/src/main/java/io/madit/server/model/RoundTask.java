package io.madit.server.model;

import io.madit.server.reveal.Round;

/** One picture's part in a packed round. */
public record RoundTask(
    SessionState state,
    Round round,
    long seed,
    boolean regressionOnly,
    double temperature,
    double noiseScale) {}

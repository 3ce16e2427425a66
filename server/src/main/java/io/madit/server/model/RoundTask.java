package io.madit.server.model;

import io.madit.server.reveal.Round;
import io.madit.server.reveal.SamplingSettings;

/**
 * One picture's part in a packed round.
 *
 * @param index of the round, from 0
 */
public record RoundTask(
    SessionState state, Round round, int index, long seed, SamplingSettings sampling) {}

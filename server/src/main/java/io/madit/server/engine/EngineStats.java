package io.madit.server.engine;

/**
 * A snapshot of the engine; counts since the start unless stated.
 *
 * @param queuedSessions now waiting for device state
 * @param queuedTokenizations now waiting
 * @param liveSessions now with device state, or being decoded
 * @param liveArrays native arrays alive now
 * @param rounds packed rounds run
 * @param packedSessions sum of the sessions over all packed rounds
 * @param packedRows sum of the decoder rows over all packed rounds
 * @param roundNanos time in packed rounds
 * @param previews previews rendered
 * @param finished sessions that had a result
 * @param failed sessions that had none, cancelled ones included
 */
public record EngineStats(
    int queuedSessions,
    int queuedTokenizations,
    int liveSessions,
    int liveArrays,
    long rounds,
    long packedSessions,
    long packedRows,
    long roundNanos,
    long previews,
    long finished,
    long failed) {}

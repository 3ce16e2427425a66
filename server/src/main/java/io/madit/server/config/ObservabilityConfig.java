package io.madit.server.config;

/**
 * What the server tells about itself, beside its metrics.
 *
 * @param tracing spans to an OpenTelemetry collector, as OTEL_* variables say
 * @param accessLog one JSON line per request
 * @param channelz the service that shows connections and their state
 */
public record ObservabilityConfig(boolean tracing, boolean accessLog, boolean channelz) {}

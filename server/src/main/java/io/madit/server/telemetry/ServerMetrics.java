package io.madit.server.telemetry;

import io.madit.server.engine.EngineStats;
import io.madit.server.engine.Timings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Every meter of the server; names start with {@code madit_} in Prometheus. */
public final class ServerMetrics {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  private final Timer queue = timer("madit.queue", "Time not worked for before and between rounds");
  private final Timer rounds = timer("madit.rounds", "Time in rounds, per picture");
  private final Timer decode = timer("madit.decode", "Time to decode latents, per picture");
  private final Timer encode = timer("madit.encode", "Time to encode the output, per picture");

  public ServerMetrics() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /** Watches the engine. */
  public void watchEngine(Supplier<EngineStats> stats) {
    engineGauge(stats, "madit.sessions.queued", "Sessions waiting", s -> s.queuedSessions());
    engineGauge(stats, "madit.sessions.live", "Sessions on the device", s -> s.liveSessions());
    engineGauge(
        stats,
        "madit.tokenizations.queued",
        "Pictures waiting to be tokenized",
        s -> s.queuedTokenizations());
    engineGauge(stats, "madit.arrays.live", "Native arrays alive", s -> s.liveArrays());
    engineCounter(stats, "madit.engine.rounds", "Packed rounds run", s -> s.rounds());
    engineCounter(
        stats,
        "madit.engine.packed.sessions",
        "Sessions summed over rounds",
        s -> s.packedSessions());
    engineCounter(
        stats, "madit.engine.packed.rows", "Decoder rows summed over rounds", s -> s.packedRows());
    engineCounter(
        stats, "madit.engine.round.seconds", "Time in packed rounds", s -> s.roundNanos() * 1e-9);
    engineCounter(stats, "madit.previews", "Previews rendered", s -> s.previews());
  }

  /** Watches a number of things. */
  public void watch(String name, String description, DoubleSupplier value) {
    Gauge.builder(name, value, DoubleSupplier::getAsDouble)
        .description(description)
        .strongReference(true)
        .register(registry);
  }

  /** A picture was made. */
  public void recordPicture(Timings timings, long encodeNanos) {
    queue.record(Duration.ofNanos(timings.queueNanos()));
    rounds.record(Duration.ofNanos(timings.roundsNanos()));
    decode.record(Duration.ofNanos(timings.decodeNanos()));
    encode.record(Duration.ofNanos(encodeNanos));
  }

  /**
   * A request has ended.
   *
   * @param kind detokenize, stream_picture or tokenize
   * @param outcome ok, or the reason of the error in lower case
   */
  public void recordOutcome(String kind, String outcome) {
    Counter.builder("madit.requests")
        .description("Requests by kind and outcome")
        .tag("kind", kind)
        .tag("outcome", outcome)
        .register(registry)
        .increment();
  }

  /** A preview that the client was too slow for. */
  public void recordDroppedPreview() {
    Counter.builder("madit.previews.dropped")
        .description("Previews replaced by a newer one because the client reads slowly")
        .register(registry)
        .increment();
  }

  /** Prometheus text format. */
  public String scrape() {
    return registry.scrape();
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(2))
        .register(registry);
  }

  private void engineGauge(
      Supplier<EngineStats> stats, String name, String text, ToDoubleFunction<EngineStats> read) {
    watch(name, text, () -> read.applyAsDouble(stats.get()));
  }

  private void engineCounter(
      Supplier<EngineStats> stats, String name, String text, ToDoubleFunction<EngineStats> read) {
    FunctionCounter.builder(name, stats, s -> read.applyAsDouble(s.get()))
        .description(text)
        .register((MeterRegistry) registry);
  }
}

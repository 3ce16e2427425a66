package io.madit.server.telemetry;

import io.madit.server.cost.Costs;
import io.madit.server.engine.EngineStats;
import io.madit.server.engine.Timings;
import io.madit.server.model.Bundle;
import io.madit.server.model.TorchDevice;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Every meter of the server; names start with {@code madit_} in Prometheus. */
public final class ServerMetrics {
  private final PrometheusMeterRegistry registry;
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final Counter droppedPreviews;

  private final Map<Bundle, RoundMeters> roundMeters = new ConcurrentHashMap<>();
  private final Timer queue;
  private final Timer rounds;
  private final Timer decode;
  private final Timer encode;
  private final JvmGcMetrics collections = new JvmGcMetrics();

  /**
   * @param exemplars whether traces are made that histograms can point to
   */
  ServerMetrics(boolean exemplars) {
    registry =
        new PrometheusMeterRegistry(
            PrometheusConfig.DEFAULT,
            new PrometheusRegistry(),
            Clock.SYSTEM,
            exemplars ? new CurrentSpan() : null);
    queue = timer("madit.queue", "Time not worked for before and between rounds");
    rounds = timer("madit.rounds", "Time in rounds, per picture");
    decode = timer("madit.decode", "Time to decode latents, per picture");
    encode = timer("madit.encode", "Time to encode the output, per picture");
    droppedPreviews =
        Counter.builder("madit.previews.dropped")
            .description("Previews replaced by a newer one because the client reads slowly")
            .register(registry);
    collections.bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new ResidentMemory().bindTo(registry);
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

  /** Watches the memory of the device that models run on. */
  public void watchMemory(TorchDevice device) {
    new DeviceMemory(device).bindTo(registry);
  }

  /** Watches what the cost model knows of a model. */
  public void watchCosts(String model, Supplier<Costs> costs) {
    costGauge(model, "madit.useful.rows", "Width of a useful round", costs, Costs::usefulRows);
    costGauge(
        model,
        "madit.cost.error",
        "Recent mean of |predicted - measured| / measured round time",
        costs,
        Costs::relativeError);
  }

  private void costGauge(
      String model, String name, String text, Supplier<Costs> costs, ToDoubleFunction<Costs> read) {
    Gauge.builder(name, () -> read.applyAsDouble(costs.get()))
        .description(text)
        .tag("model", model)
        .strongReference(true)
        .register(registry);
  }

  /** A packed round has run: {@link io.madit.server.engine.EngineEvents#onRound}. */
  public void recordRound(
      Bundle model, int sessions, int rows, double seconds, double predictedSeconds) {
    RoundMeters meters = roundMeters.computeIfAbsent(model, m -> new RoundMeters(registry, m.id()));
    meters.record(sessions, rows, seconds);
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
    droppedPreviews.increment();
  }

  /** Memory that gRPC's buffers hold. */
  public void watchBuffers(LongSupplier directBytes, LongSupplier heapBytes) {
    buffers("direct", directBytes);
    buffers("heap", heapBytes);
  }

  private void buffers(String kind, LongSupplier bytes) {
    Gauge.builder("netty.allocator.memory.used", bytes, LongSupplier::getAsLong)
        .description("Memory reserved for network buffers")
        .baseUnit("bytes")
        .tag("memory.type", kind)
        .strongReference(true)
        .register(registry);
  }

  /** Counts things that are counted elsewhere. */
  void count(String name, String description, LongSupplier value) {
    FunctionCounter.builder(name, value, LongSupplier::getAsLong)
        .description(description)
        .register(registry);
  }

  /** All meters in one format. */
  public record Scrape(String contentType, byte[] body) {}

  /**
   * All meters in the best format that the reader takes. Only OpenMetrics and protobuf have
   * exemplars.
   *
   * @param accept the header of the HTTP request; null if there was none
   */
  public Scrape scrape(String accept) {
    ExpositionFormatWriter writer = formats.findWriter(accept);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      writer.write(body, registry.getPrometheusRegistry().scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return new Scrape(writer.getContentType(), body.toByteArray());
  }

  MeterRegistry registry() {
    return registry;
  }

  void close() {
    collections.close();
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

package io.madit.load;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Reads a server's metrics every second while a load runs. */
final class MetricsWatch implements AutoCloseable {
  /**
   * One reading.
   *
   * @param nanos on the clock of {@link System#nanoTime}
   * @param clientProcessor time that this process has used so far
   * @param server without values if it could not be read
   */
  record Sample(long nanos, Duration clientProcessor, ServerGauges server) {}

  private static final Duration PERIOD = Duration.ofSeconds(1);

  private final URI metrics;
  private final List<Sample> samples = new ArrayList<>();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread reader = new Thread(task, "madit-bench-metrics");
            reader.setDaemon(true);
            return reader;
          });

  private MetricsWatch(URI metrics) {
    this.metrics = metrics;
  }

  /**
   * Reads once at once, so that a wrong address is noticed before the load.
   *
   * @throws IllegalArgumentException if the address cannot be read
   */
  static MetricsWatch start(String url) throws InterruptedException {
    if (!url.matches("https?://.+")) {
      throw new IllegalArgumentException(
          "--server-metrics must begin with http:// or https://, is " + url);
    }
    MetricsWatch watch = new MetricsWatch(URI.create(url));
    try {
      watch.add(ServerGauges.read(watch.metrics));
    } catch (IOException | NumberFormatException e) {
      throw new IllegalArgumentException("--server-metrics " + url + " cannot be read: " + e, e);
    }
    long period = PERIOD.toNanos();
    watch.thread.scheduleAtFixedRate(watch::sample, period, period, TimeUnit.NANOSECONDS);
    return watch;
  }

  private void sample() {
    ServerGauges gauges;
    try {
      gauges = ServerGauges.read(metrics);
    } catch (IOException | NumberFormatException e) {
      gauges = new ServerGauges(Map.of()); // a gap in the plots
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    add(gauges);
  }

  private synchronized void add(ServerGauges gauges) {
    samples.add(new Sample(System.nanoTime(), Measurement.ownProcessorTime(), gauges));
  }

  synchronized List<Sample> samples() {
    return List.copyOf(samples);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}

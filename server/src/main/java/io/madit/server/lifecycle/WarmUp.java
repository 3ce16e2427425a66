package io.madit.server.lifecycle;

import io.madit.server.cost.Costs;
import io.madit.server.engine.Engine;
import io.madit.server.model.Bundle;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures every model before the server is ready; first calls of a script are slow, too. */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /** Nothing is measured twice, and no further width, after this. */
  private static final Duration LIMIT = Duration.ofSeconds(3);

  private WarmUp() {}

  static void run(Engine engine, List<Bundle> bundles) throws InterruptedException {
    for (Bundle bundle : bundles) {
      try {
        engine.calibrate(bundle, LIMIT).get();
      } catch (ExecutionException e) {
        throw new IllegalStateException(
            "model " + bundle + " failed its warm-up: " + e.getCause().getMessage(), e);
      }
      log(bundle, engine.costs(bundle));
    }
  }

  private static void log(Bundle bundle, Costs costs) {
    LOG.info(
        "{}: useful width {} rows, decode {} ms, encode {} ms",
        bundle,
        Double.isInfinite(costs.usefulRows()) ? "any" : Math.round(costs.usefulRows()),
        String.format(Locale.ROOT, "%.1f", costs.decode() * 1e3),
        String.format(Locale.ROOT, "%.1f", costs.encode() * 1e3));
  }
}

package io.madit.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Option;

/** When requests start. */
final class ArrivalOptions {
  /** Shapes of arrival. */
  enum Shape {
    POISSON,
    CONSTANT,
    BURSTS,
    RAMP
  }

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Requests per second; of a ramp the last rate. Needed without --trace.")
  private Double rate;

  @Option(
      names = "--shape",
      defaultValue = "POISSON",
      paramLabel = "SHAPE",
      description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private Shape shape;

  @Option(
      names = "--first-rate",
      defaultValue = "1",
      paramLabel = "R",
      description = "Of a ramp. Default: ${DEFAULT-VALUE}.")
  private double firstRate;

  @Option(
      names = "--burst",
      defaultValue = "10",
      paramLabel = "N",
      description = "Requests per burst. Default: ${DEFAULT-VALUE}.")
  private int burst;

  @Option(
      names = "--arrivals",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Requests. Default: ${DEFAULT-VALUE}.")
  private int count;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = {
        "Arrivals of a CSV file instead: seconds[,rounds[,high|normal|low]] per line.",
        "--rate, --shape and --arrivals then have no effect."
      })
  private Path trace;

  /**
   * @throws IllegalArgumentException naming the option or the line that is wrong
   */
  List<Arrival> arrivals(long seed) throws IOException {
    if (trace != null) {
      return TraceFile.read(trace);
    }
    if (rate == null) {
      throw new IllegalArgumentException("--rate or --trace is needed");
    }
    Bounds.positive("--rate", rate);
    Bounds.positive("--first-rate", firstRate);
    Bounds.positive("--arrivals", count);
    Bounds.positive("--burst", burst);
    return Arrays.stream(times(seed)).mapToObj(Arrival::new).toList();
  }

  private long[] times(long seed) {
    return switch (shape) {
      case POISSON -> Arrivals.poisson(rate, count, seed);
      case CONSTANT -> Arrivals.constant(rate, count);
      case BURSTS -> Arrivals.bursts(rate, count, burst);
      case RAMP -> Arrivals.ramp(firstRate, rate, count);
    };
  }

  /** For reports. */
  String describe() {
    return trace != null ? "trace " + trace : shape + " at " + rate + "/s";
  }
}

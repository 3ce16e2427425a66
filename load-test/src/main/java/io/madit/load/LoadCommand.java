package io.madit.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A given load on a running server. */
@Command(
    name = "load",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = "Sends requests to a running server at given times, whatever it answers.")
final class LoadCommand implements Callable<Integer> {
  /** Shapes of arrival. */
  enum Shape {
    POISSON,
    CONSTANT,
    BURSTS,
    RAMP
  }

  @Mixin private WorkloadOptions workload;

  @Option(
      names = "--server",
      defaultValue = "localhost:8500",
      paramLabel = "HOST:PORT",
      description = "The server. Default: ${DEFAULT-VALUE}.")
  private String server;

  @Option(
      names = "--rate",
      required = true,
      paramLabel = "R",
      description = "Requests per second; of a ramp the last rate.")
  private double rate;

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
  private int arrivals;

  @Option(
      names = "--shape",
      defaultValue = "POISSON",
      paramLabel = "SHAPE",
      description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private Shape shape;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    try (Caller caller = workload.caller(server)) {
      List<Outcome> outcomes;
      try (Progress progress = new Progress("load", arrivals)) {
        outcomes = Loops.open(caller, workload.workload(caller), times(), progress);
      }
      Measurement measured =
          new Measurement(Tally.of(outcomes, workload.deadline().toNanos()), 0, 0);
      out.println(Lines.of("load", measured));
      out.flush();
      if (json != null) {
        ReportFile.write(json, Map.of("load", measured));
      }
    }
    return 0;
  }

  private long[] times() {
    return switch (shape) {
      case POISSON -> Arrivals.poisson(rate, arrivals, workload.seed());
      case CONSTANT -> Arrivals.constant(rate, arrivals);
      case BURSTS -> Arrivals.bursts(rate, arrivals, burst);
      case RAMP -> Arrivals.ramp(firstRate, rate, arrivals);
    };
  }
}

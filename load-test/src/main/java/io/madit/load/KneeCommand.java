package io.madit.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The capacity of a running server under a bound on latency. */
@Command(
    name = "knee",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = {
      "Searches the highest constant rate at which a running server answers everything, with the",
      "99th percentile of the latency below a bound."
    })
final class KneeCommand implements Callable<Integer> {
  private static final int WARM_UP_CONCURRENCY = 8;
  private static final int FEWEST_ARRIVALS = 20;

  @Mixin private TargetOptions target;

  @Option(
      names = "--p99-ms",
      required = true,
      paramLabel = "MS",
      description = "Bound of the 99th percentile, from the intended start.")
  private double p99Millis;

  @Option(
      names = "--first-rate",
      defaultValue = "10",
      paramLabel = "R",
      description = "Requests per second to begin with. Default: ${DEFAULT-VALUE}.")
  private double firstRate;

  @Option(
      names = "--step-seconds",
      defaultValue = "10",
      paramLabel = "S",
      description = "How long each rate is tried. Default: ${DEFAULT-VALUE}.")
  private double stepSeconds;

  @Option(
      names = "--precision",
      defaultValue = "0.05",
      paramLabel = "SHARE",
      description = "How exact the rate shall be. Default: ${DEFAULT-VALUE}.")
  private double precision;

  @Option(
      names = "--most-steps",
      defaultValue = "20",
      paramLabel = "N",
      description = "Rates to try at most. Default: ${DEFAULT-VALUE}.")
  private int mostSteps;

  @Option(
      names = "--warm-up",
      defaultValue = "200",
      paramLabel = "N",
      description = "Requests before, as fast as the server answers. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Mixin private WorkloadOptions options;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Spec private CommandSpec spec;

  /**
   * One rate that was tried.
   *
   * @param answered of {@code requests}
   */
  record Step(double ratePerSecond, int requests, int answered, double p99Millis, boolean holds) {}

  @Override
  public Integer call() throws Exception {
    check();
    PrintWriter out = spec.commandLine().getOut();
    List<Step> steps = new ArrayList<>();
    double knee;
    try (Caller caller = target.caller(options.connections())) {
      Workload workload = options.workload(caller);
      if (warmUp > 0) {
        Loops.closed(caller, workload, warmUp, WARM_UP_CONCURRENCY, sent -> {});
      }
      knee =
          KneeSearch.highest(
              firstRate, precision, mostSteps, rate -> tried(caller, workload, rate, steps));
    }
    out.printf(Locale.ROOT, "highest rate with p99 below %.1f ms: %.1f/s%n", p99Millis, knee);
    out.flush();
    if (json != null) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("ratePerSecond", knee);
      report.put("p99BoundMillis", p99Millis);
      report.put("steps", steps);
      ReportFile.write(json, report);
    }
    return 0;
  }

  private void check() {
    Bounds.positive("--p99-ms", p99Millis);
    Bounds.positive("--first-rate", firstRate);
    Bounds.positive("--step-seconds", stepSeconds);
    Bounds.positive("--precision", precision);
    if (options.deadline().toMillis() < p99Millis) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--deadline-ms must be >= --p99-ms, else nothing can be so slow; is %d",
              options.deadline().toMillis()));
    }
  }

  private boolean tried(Caller caller, Workload workload, double rate, List<Step> steps) {
    int requests = Math.max(FEWEST_ARRIVALS, (int) Math.ceil(rate * stepSeconds));
    List<Outcome> outcomes;
    try (Progress progress = new Progress("knee", requests)) {
      outcomes = Loops.open(caller, workload, Arrivals.constant(rate, requests), progress);
    }
    Step step = step(rate, outcomes);
    steps.add(step);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%8.1f/s: p99 %.1f ms, %d of %d answered: %s%n",
        rate,
        step.p99Millis(),
        step.answered(),
        step.requests(),
        step.holds() ? "holds" : "does not hold");
    out.flush();
    return step.holds();
  }

  private Step step(double rate, List<Outcome> outcomes) {
    Tally tally = Tally.of(outcomes, options.deadline().toNanos());
    int answered = (int) tally.latency().count();
    double p99 = tally.latency().p99();
    return new Step(
        rate, outcomes.size(), answered, p99, answered == outcomes.size() && p99 < p99Millis);
  }
}

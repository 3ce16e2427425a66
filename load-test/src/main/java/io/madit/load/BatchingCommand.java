package io.madit.load;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Batching at rounds against batching of whole requests, on the same load. */
@Command(
    name = "batching",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = {
      "Compares continuous batching with batching of whole requests: two servers, one after the",
      "other, the same arrivals. Loads are shares of the capacity of the continuous one."
    })
final class BatchingCommand implements Callable<Integer> {
  @Mixin private ServerFlags server;
  @Mixin private WorkloadOptions workload;

  @Option(
      names = "--arrivals",
      defaultValue = "4000",
      paramLabel = "N",
      description = "Requests per load. Default: ${DEFAULT-VALUE}.")
  private int arrivals;

  @Option(
      names = "--warm-up",
      defaultValue = "5000",
      paramLabel = "N",
      description =
          "Requests to each server before, so that its code is compiled. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Option(
      names = "--loads",
      split = ",",
      defaultValue = "0.7,1.0",
      paramLabel = "SHARE",
      description = "Arrival rates as shares of the capacity. Default: ${DEFAULT-VALUE}.")
  private double[] loads;

  @Option(
      names = "--concurrency",
      defaultValue = "32",
      paramLabel = "N",
      description = "Requests under way in the capacity run. Default: ${DEFAULT-VALUE}.")
  private int concurrency;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    double capacity = 0;
    for (String batching : new String[] {"continuous", "whole-request"}) {
      try (ServerUnderTest target = server.start("--batching", batching);
          Caller caller = workload.caller(target.address())) {
        Capacity.measure(caller, workload, warmUp, concurrency);
        double own = Capacity.measure(caller, workload, arrivals / 2, concurrency);
        capacity = capacity == 0 ? own : capacity;
        report.put(batching + " capacityPerSecond", own);
        measure(batching, capacity, own, target, caller, report);
      }
    }
    if (json != null) {
      ReportFile.write(json, report);
    }
    return 0;
  }

  private void measure(
      String batching,
      double capacity,
      double own,
      ServerUnderTest target,
      Caller caller,
      Map<String, Object> report)
      throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(Locale.ROOT, "%s: capacity %.1f/s%n", batching, own);
    for (double load : loads) {
      long[] times = Arrivals.poisson(load * capacity, arrivals, workload.seed());
      String name = String.format(Locale.ROOT, "%s at %.0f %%", batching, 100 * load);
      try (Progress progress = new Progress(name, arrivals)) {
        Measurement measured =
            Measurement.of(
                target,
                workload.deadline(),
                () -> Loops.open(caller, workload.workload(caller), times, progress));
        report.put(name, measured);
        out.println(Lines.of(name, measured));
        out.flush();
      }
    }
  }
}

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

/** More arrivals than the server can serve. */
@Command(
    name = "overload",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = {
      "Starts a server, measures its capacity (closed loop), then sends a multiple of it (open loop,",
      "Poisson arrivals). Goodput: answers within their deadline, per second."
    })
final class OverloadCommand implements Callable<Integer> {
  @Mixin private ServerFlags server;
  @Mixin private WorkloadOptions workload;

  @Option(
      names = "--arrivals",
      defaultValue = "5000",
      paramLabel = "N",
      description = "Requests per run. Default: ${DEFAULT-VALUE}.")
  private int arrivals;

  @Option(
      names = "--runs",
      defaultValue = "3",
      paramLabel = "N",
      description = "Runs. Default: ${DEFAULT-VALUE}.")
  private int runs;

  @Option(
      names = "--times",
      defaultValue = "3",
      paramLabel = "X",
      description = "Arrival rate as a multiple of the capacity. Default: ${DEFAULT-VALUE}.")
  private double times;

  @Option(
      names = "--warm-up",
      defaultValue = "1",
      paramLabel = "N",
      description = {
        "Runs before, of which the report says nothing but that they were: client and server",
        "compile their code then. Default: ${DEFAULT-VALUE}."
      })
  private int warmUp;

  @Option(
      names = "--capacity-requests",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Requests of the capacity run. Default: ${DEFAULT-VALUE}.")
  private int capacityRequests;

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
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> reports = new ArrayList<>();
    try (ServerUnderTest target = server.start();
        Caller caller = workload.caller(target.address())) {
      for (int run = 1; run <= warmUp; run++) {
        run("warm-up " + run, -run, target, caller);
      }
      for (int run = 1; run <= runs; run++) {
        Run result = run("run " + run, run, target, caller);
        out.println(result.lines("run " + run));
        out.flush();
        reports.add(result.report());
      }
    }
    if (json != null) {
      ReportFile.write(json, Map.of("warmUpRuns", warmUp, "overload", reports));
    }
    return 0;
  }

  private Run run(String name, long seed, ServerUnderTest target, Caller caller) {
    double capacity = Capacity.measure(caller, workload, capacityRequests, concurrency);
    long before = target.residentBytes();
    long[] arrivalTimes = Arrivals.poisson(times * capacity, arrivals, workload.seed() + seed);
    try (Progress progress = new Progress(name, arrivals)) {
      return new Run(
          capacity,
          before,
          Measurement.of(
              target,
              workload.deadline(),
              () -> Loops.open(caller, workload.workload(caller), arrivalTimes, progress)));
    }
  }

  /**
   * One overload.
   *
   * @param capacity answers per second, measured just before
   * @param residentBytesBefore of the server
   */
  private record Run(double capacity, long residentBytesBefore, Measurement measured) {
    private double goodputShare() {
      return measured.tally().goodPerSecond() / capacity;
    }

    String lines(String name) {
      return Lines.of(name, measured)
          + String.format(
              Locale.ROOT,
              "%n  capacity %.1f/s, goodput %.1f %% of it, memory before %d MiB",
              capacity,
              100 * goodputShare(),
              residentBytesBefore >> 20);
    }

    Map<String, Object> report() {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("capacityPerSecond", capacity);
      report.put("goodputShare", goodputShare());
      report.put("residentBytesBefore", residentBytesBefore);
      report.put("measurement", measured);
      return report;
    }
  }
}

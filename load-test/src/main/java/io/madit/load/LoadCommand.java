package io.madit.load;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
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
  @Option(
      names = "--server",
      defaultValue = "localhost:8500",
      paramLabel = "HOST:PORT",
      description = "The server. Default: ${DEFAULT-VALUE}.")
  private String server;

  @Mixin private ArrivalOptions arrivalOptions;
  @Mixin private StreamOptions streamOptions;
  @Mixin private WorkloadOptions workloadOptions;

  @Option(
      names = "--warm-up",
      defaultValue = "0",
      paramLabel = "N",
      description = "Requests before, as fast as the server answers; not counted.")
  private int warmUp;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    List<Arrival> arrivals = arrivalOptions.arrivals(workloadOptions.seed());
    LoadReport report;
    try (Caller caller = workloadOptions.caller(server)) {
      Workload workload = workloadOptions.workload(caller);
      warmUp(caller);
      report =
          streamOptions.stream()
              ? streams(caller, workload, arrivals)
              : unary(caller, workload, arrivals);
    }
    write(report);
    return 0;
  }

  private void warmUp(Caller caller) {
    if (warmUp > 0) {
      Workload patient = workloadOptions.workload(caller, Duration.ofHours(1));
      Loops.closed(caller, patient, warmUp, 8, sent -> {});
    }
  }

  private LoadReport unary(Caller caller, Workload workload, List<Arrival> arrivals) {
    List<Outcome> outcomes;
    try (Progress progress = new Progress("load", arrivals.size())) {
      outcomes = Loops.open(new UnaryCalls(caller, workload, arrivals), arrivals, progress);
    }
    return report(outcomes, outcomes, workload.deadline().toNanos(), null);
  }

  private LoadReport streams(Caller caller, Workload workload, List<Arrival> arrivals) {
    List<StreamOutcome> outcomes;
    try (Progress progress = new Progress("load", arrivals.size());
        StreamCalls calls = streamOptions.calls(caller, workload, arrivals)) {
      outcomes = Loops.open(calls, arrivals, progress);
    }
    long idsNanos = streamOptions.pace().nanosFor(workload.model().getTokenCounts(0));
    return report(
        outcomes.stream().map(StreamOutcome::whole).toList(),
        outcomes.stream().map(StreamOutcome::fromLastId).toList(),
        idsNanos + workload.deadline().toNanos(),
        LoadReport.Streamed.of(outcomes));
  }

  /**
   * @param whole from the intended start
   * @param work from when the server had everything it needs; for the plots
   * @param deadlineNanos from the intended start
   */
  private LoadReport report(
      List<Outcome> whole, List<Outcome> work, long deadlineNanos, LoadReport.Streamed stream) {
    return new LoadReport(
        Map.of("server", server, "arrivals", arrivalOptions.describe()),
        new Measurement(Tally.of(whole, deadlineNanos), 0, 0),
        LoadReport.lateness(whole),
        LoadReport.phases(whole),
        stream,
        ClientCharts.of(work, whole.get(0).intended(), workloadOptions.deadline().toNanos()));
  }

  private void write(LoadReport report) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(LoadLines.of(report));
    out.flush();
    if (json != null) {
      ReportFile.write(json, report);
    }
  }
}

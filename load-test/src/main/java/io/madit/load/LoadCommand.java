package io.madit.load;

import io.madit.load.MetricsWatch.Sample;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
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
  private static final int WARM_UP_CONCURRENCY = 8;

  @Mixin private TargetOptions target;

  @Mixin private ArrivalOptions arrivalOptions;
  @Mixin private StreamOptions streamOptions;
  @Mixin private WorkloadOptions workloadOptions;

  @Option(
      names = "--warm-up",
      defaultValue = "0",
      paramLabel = "N",
      description = "Requests before, as fast as the server answers; not counted.")
  private int warmUp;

  @Option(
      names = "--server-metrics",
      paramLabel = "URL",
      description = "The server's metrics, read every second, e.g. http://localhost:8501/metrics.")
  private String serverMetrics;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description = "Where a page with figures and plots goes.")
  private Path report;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    List<Arrival> arrivals = arrivalOptions.arrivals(workloadOptions.seed());
    try (Caller caller = target.caller(workloadOptions.connections())) {
      Workload workload = workloadOptions.workload(caller);
      warmUp(caller);
      write(measure(caller, workload, arrivals));
    }
    return 0;
  }

  private void warmUp(Caller caller) {
    if (warmUp > 0) {
      Workload patient = workloadOptions.workload(caller, Duration.ofHours(1));
      Loops.closed(caller, patient, warmUp, WARM_UP_CONCURRENCY, sent -> {});
    }
  }

  private LoadReport measure(Caller caller, Workload workload, List<Arrival> arrivals)
      throws InterruptedException {
    if (serverMetrics == null) {
      return run(caller, workload, arrivals, List::of);
    }
    try (MetricsWatch watch = MetricsWatch.start(serverMetrics)) {
      return run(caller, workload, arrivals, watch::samples);
    }
  }

  private LoadReport run(
      Caller caller, Workload workload, List<Arrival> arrivals, Supplier<List<Sample>> samples) {
    if (!streamOptions.stream()) {
      List<Outcome> outcomes = run(new UnaryCalls(caller, workload, arrivals), arrivals);
      return LoadReport.unary(settings(), outcomes, workload.deadline(), samples.get());
    }
    IdPace pace = streamOptions.pace();
    long idsNanos = pace.nanosFor(workload.model().getTokenCounts(0));
    try (StreamCalls calls = streamOptions.calls(caller, workload, arrivals)) {
      List<StreamOutcome> outcomes = run(calls, arrivals);
      return LoadReport.streamed(
          settings(), outcomes, idsNanos, workload.deadline(), samples.get());
    }
  }

  private static <R> List<R> run(Calls<R> calls, List<Arrival> arrivals) {
    try (Progress progress = new Progress("load", arrivals.size())) {
      return Loops.open(calls, arrivals, progress);
    }
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(workloadOptions.describe());
    settings.put("server", target.address());
    settings.put("arrivals", arrivalOptions.describe());
    settings.put("streaming", streamOptions.describe());
    return settings;
  }

  private void write(LoadReport figures) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(LoadLines.of(figures));
    out.flush();
    if (json != null) {
      ReportFile.write(json, figures);
    }
    if (report != null) {
      ReportFile.writeText(report, HtmlReport.of(figures));
    }
  }
}

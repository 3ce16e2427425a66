package io.madit.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What clients see when things break. */
@Command(
    name = "faults",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = {
      "Starts servers and breaks things: clients that cancel at random moments, SIGTERM under load,",
      "kill -9 of one of two replicas under clients that retry. Fails if anything is lost or left over."
    })
final class FaultsCommand implements Callable<Integer> {
  @Mixin private ServerFlags server;
  @Mixin private WorkloadOptions workload;

  @Option(
      names = "--cancellations",
      defaultValue = "10000",
      paramLabel = "N",
      description = "Requests that are cancelled. Default: ${DEFAULT-VALUE}.")
  private int cancellations;

  @Option(
      names = "--arrivals",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Requests around a SIGTERM or a kill. Default: ${DEFAULT-VALUE}.")
  private int arrivals;

  @Option(
      names = "--rate",
      defaultValue = "60",
      paramLabel = "R",
      description = "Of these, per second. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go, too.")
  private Path json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Object> report = new LinkedHashMap<>();
    Cancellations.Result cancelled = Cancellations.run(server, workload, cancellations);
    out.println(cancelled.line());
    out.flush();
    Termination.Result terminated = Termination.run(server, workload, arrivals, rate);
    out.println(terminated.line());
    out.flush();
    ReplicaLoss.Result killed = ReplicaLoss.run(server, workload, arrivals, rate);
    out.println(killed.line());
    out.flush();
    report.put("cancellations", cancelled);
    report.put("termination", terminated);
    report.put("replicaLoss", killed);
    if (json != null) {
      ReportFile.write(json, report);
    }
    return cancelled.clean() && terminated.clean() && killed.clean() ? 0 : 1;
  }
}

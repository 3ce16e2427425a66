package io.madit.load;

import io.madit.v1.OutputFormat;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Option;

/** What is asked for. */
final class WorkloadOptions {
  @Option(
      names = "--rounds",
      defaultValue = "0",
      paramLabel = "K",
      description = "Rounds per picture; 0: the model's default.")
  private int rounds;

  @Option(
      names = "--deadline-ms",
      defaultValue = "1000",
      paramLabel = "MS",
      description = "Deadline of each request, from its intended start. Default: ${DEFAULT-VALUE}.")
  private long deadlineMillis;

  @Option(
      names = "--format",
      defaultValue = "OUTPUT_FORMAT_PNG",
      paramLabel = "FORMAT",
      description = "Output format. Default: ${DEFAULT-VALUE}.")
  private OutputFormat format;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of arrivals and ids. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--connections",
      defaultValue = "4",
      paramLabel = "N",
      description = "Connections to the server. Default: ${DEFAULT-VALUE}.")
  private int connections;

  long seed() {
    return seed;
  }

  Duration deadline() {
    return Duration.ofMillis(deadlineMillis);
  }

  /** For reports. */
  Map<String, String> describe() {
    return Map.of(
        "rounds", rounds == 0 ? "the model's default" : "" + rounds,
        "deadline", deadlineMillis + " ms",
        "format", format.name(),
        "seed", "" + seed,
        "connections", "" + connections);
  }

  int connections() {
    return connections;
  }

  Caller caller(String address) {
    return new Caller(address, connections);
  }

  Workload workload(Caller caller) {
    return workload(caller, deadline());
  }

  Workload workload(Caller caller, Duration deadline) {
    return new Workload(caller.model(), rounds, deadline, format, seed);
  }
}

package io.madit.load;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * One series and what it took.
 *
 * @param residentBytes of the server when it was over; 0 if not known
 * @param clientShare of the processor time of client and server together
 */
record Measurement(Tally tally, long residentBytes, double clientShare) {
  /** Runs a series against a server that this process started. */
  static Measurement of(ServerUnderTest server, Duration deadline, Supplier<List<Outcome>> series) {
    Duration serverBefore = server.processorTime();
    Duration clientBefore = ownProcessorTime();
    List<Outcome> outcomes = series.get();
    double client = ownProcessorTime().minus(clientBefore).toNanos();
    double both = client + server.processorTime().minus(serverBefore).toNanos();
    return new Measurement(
        Tally.of(outcomes, deadline.toNanos()),
        server.residentBytes(),
        both == 0 ? 0 : client / both);
  }

  static Duration ownProcessorTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }
}

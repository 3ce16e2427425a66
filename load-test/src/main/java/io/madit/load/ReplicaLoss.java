package io.madit.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** kill -9 of one of two replicas; the client balances over both and retries. */
final class ReplicaLoss {
  /**
   * What clients saw.
   *
   * @param counts by "OK", or code and reason
   */
  record Result(int requests, Map<String, Integer> counts) {
    boolean clean() {
      return counts.getOrDefault("OK", 0) == requests;
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "kill -9 of one of two replicas: %d requests of clients that retry, counts %s",
          requests,
          counts);
    }
  }

  /** Time for all attempts. */
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private ReplicaLoss() {}

  static Result run(ServerFlags flags, WorkloadOptions options, int requests, double rate)
      throws IOException, InterruptedException {
    try (ServerUnderTest stays = flags.start();
        ServerUnderTest dies = flags.start();
        Caller caller = Caller.retrying(List.of(stays.address(), dies.address()))) {
      Workload workload = options.workload(caller);
      long[] arrivals = Arrivals.poisson(rate, requests, options.seed());
      List<CompletableFuture<Outcome>> all = new ArrayList<>();
      try (Progress progress = new Progress("kill -9", requests)) {
        long begin = System.nanoTime();
        for (int i = 0; i < requests; i++) {
          long intended = begin + arrivals[i];
          Loops.awaitNanos(intended);
          if (i == requests / 2) {
            dies.kill();
          }
          all.add(caller.send(i, workload.request(i), intended, DEADLINE_NANOS));
          progress.accept(i + 1);
        }
      }
      List<Outcome> outcomes = all.stream().map(CompletableFuture::join).toList();
      return new Result(requests, Tally.of(outcomes, DEADLINE_NANOS).counts());
    }
  }
}

package io.madit.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** SIGTERM in the middle of an open-loop load of streams. */
final class Termination {
  /**
   * What became of the pictures.
   *
   * @param drawn accepted, and their picture came
   * @param refused told that the server stops, or not connected: never accepted
   * @param lost accepted, but no picture came
   * @param exitCode of the server
   */
  record Result(int requests, int drawn, int refused, int lost, int exitCode) {
    boolean clean() {
      return lost == 0 && exitCode == 0 && drawn > 0 && refused > 0;
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "SIGTERM under load: %d pictures, %d drawn, %d refused, %d admitted and lost; exit code %d",
          requests,
          drawn,
          refused,
          lost,
          exitCode);
    }
  }

  private Termination() {}

  static Result run(ServerFlags flags, WorkloadOptions options, int requests, double rate)
      throws IOException, InterruptedException {
    try (ServerUnderTest server = flags.start();
        Caller caller = options.caller(server.address())) {
      Workload workload = options.workload(caller);
      long[] arrivals = Arrivals.poisson(rate, requests, options.seed());
      List<CompletableFuture<StreamedPicture.End>> all = new ArrayList<>();
      try (Progress progress = new Progress("SIGTERM", requests)) {
        long begin = System.nanoTime();
        for (int i = 0; i < requests; i++) {
          Loops.awaitNanos(begin + arrivals[i]);
          if (i == requests / 2) {
            server.terminate();
          }
          all.add(StreamedPicture.draw(caller.channel(), workload.request(i)));
          progress.accept(i + 1);
        }
      }
      List<StreamedPicture.End> ends = all.stream().map(CompletableFuture::join).toList();
      return new Result(
          requests,
          count(ends, StreamedPicture.End.DRAWN),
          count(ends, StreamedPicture.End.NEVER_ACCEPTED),
          count(ends, StreamedPicture.End.LOST),
          server.awaitExit());
    }
  }

  private static int count(List<StreamedPicture.End> ends, StreamedPicture.End which) {
    return (int) ends.stream().filter(end -> end == which).count();
  }
}

package io.madit.load;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Clients that cancel at random moments of their request. */
final class Cancellations {
  private static final int CONCURRENCY = 16;
  private static final int SAMPLES = 10;
  private static final long DEADLINE_NANOS = TimeUnit.MINUTES.toNanos(1);

  /**
   * What was left.
   *
   * @param finished requests whose answer was faster than their cancellation
   * @param residentBytes of the server, after each tenth of the requests
   * @param liveSessions of the server at the end
   * @param liveArrays native arrays at the end
   * @param samePicture whether the same request gives the same bytes as before
   */
  record Result(
      int requests,
      long finished,
      List<Long> residentBytes,
      double liveSessions,
      double liveArrays,
      boolean samePicture) {
    boolean clean() {
      return liveSessions == 0 && liveArrays == 0 && samePicture;
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "cancellations: %d requests, %d were faster than their cancellation; left: %.0f sessions, %.0f"
              + " arrays; server memory %s MiB; the first picture again: %s",
          requests,
          finished,
          liveSessions,
          liveArrays,
          residentBytes.stream().map(bytes -> bytes >> 20).toList(),
          samePicture ? "the same" : "DIFFERENT");
    }
  }

  private Cancellations() {}

  static Result run(ServerFlags flags, WorkloadOptions options, int requests)
      throws IOException, InterruptedException {
    int httpPort = ServerUnderTest.freePort();
    try (ServerUnderTest server = flags.start("--http-port=" + httpPort);
        Caller caller = options.caller(server.address())) {
      Workload workload = options.workload(caller);
      ByteString before = caller.picture(workload.request(0));
      List<Long> resident = new ArrayList<>();
      long finished = send(caller, workload, requests, options.seed(), server, resident);
      ByteString after = caller.picture(workload.request(0));
      ServerGauges gauges = ServerGauges.whenIdle(httpPort);
      return new Result(
          requests,
          finished,
          resident,
          gauges.value("madit_sessions_live") + gauges.value("madit_pictures_admitted"),
          gauges.value("madit_arrays_live"),
          before.equals(after));
    }
  }

  private static long send(
      Caller caller,
      Workload workload,
      int requests,
      long seed,
      ServerUnderTest server,
      List<Long> resident)
      throws InterruptedException {
    long mean = meanNanos(caller, workload);
    SplittableRandom random = new SplittableRandom(seed);
    List<CompletableFuture<Outcome>> all = new ArrayList<>();
    Semaphore places = new Semaphore(CONCURRENCY);
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try (Progress progress = new Progress("cancellations", requests)) {
      for (int i = 0; i < requests; i++) {
        places.acquire();
        int index = i;
        Context.CancellableContext context = Context.ROOT.withCancellation();
        AtomicReference<CompletableFuture<Outcome>> sent = new AtomicReference<>();
        context.run(
            () ->
                sent.set(
                    caller.send(
                        index, workload.request(index), System.nanoTime(), DEADLINE_NANOS)));
        timer.schedule(
            () -> context.cancel(null), random.nextLong(mean + mean / 4), TimeUnit.NANOSECONDS);
        all.add(sent.get());
        sent.get().whenComplete((done, failure) -> places.release());
        progress.accept(i + 1);
        if ((i + 1) % Math.max(1, requests / SAMPLES) == 0) {
          resident.add(server.residentBytes());
        }
      }
      return all.stream().map(CompletableFuture::join).filter(Outcome::ok).count();
    } finally {
      timer.shutdownNow();
    }
  }

  /** With as many requests under way as later, and compiled code. */
  private static long meanNanos(Caller caller, Workload workload) {
    Loops.closed(caller, workload, 100 * CONCURRENCY, CONCURRENCY, sent -> {});
    return (long)
        Loops.closed(caller, workload, 20 * CONCURRENCY, CONCURRENCY, sent -> {}).stream()
            .mapToLong(Outcome::latencyNanos)
            .average()
            .orElseThrow();
  }
}

package io.madit.load;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/** Ways to send a series of requests. */
final class Loops {
  /** Below this the scheduler is not asked: it would wake up too late. */
  private static final long SPIN_NANOS = 200_000;

  private Loops() {}

  /**
   * Open loop: each request goes out at its time, however the others fare.
   *
   * @param progress told the number of requests sent
   */
  static List<Outcome> open(
      Caller caller, Workload workload, long[] arrivals, IntConsumer progress) {
    List<Arrival> plan = Arrays.stream(arrivals).mapToObj(Arrival::new).toList();
    return open(new UnaryCalls(caller, workload, plan), plan, progress);
  }

  /** As above, for calls of any kind. */
  static <R> List<R> open(Calls<R> calls, List<Arrival> arrivals, IntConsumer progress) {
    List<CompletableFuture<R>> all = new ArrayList<>(arrivals.size());
    long begin = System.nanoTime() + 10_000_000;
    for (int i = 0; i < arrivals.size(); i++) {
      var call = calls.prepare(i);
      long intended = begin + arrivals.get(i).atNanos();
      awaitNanos(intended);
      all.add(call.apply(intended));
      progress.accept(i + 1);
    }
    return all.stream().map(CompletableFuture::join).toList();
  }

  static void awaitNanos(long moment) {
    for (long left = moment - System.nanoTime(); left > 0; left = moment - System.nanoTime()) {
      if (left > SPIN_NANOS) {
        LockSupport.parkNanos(left - SPIN_NANOS);
      } else {
        Thread.onSpinWait();
      }
    }
  }

  /** Closed loop: {@code concurrency} requests are always under way. */
  static List<Outcome> closed(
      Caller caller, Workload workload, int requests, int concurrency, IntConsumer progress) {
    Semaphore places = new Semaphore(concurrency);
    List<CompletableFuture<Outcome>> all = new ArrayList<>(requests);
    for (int i = 0; i < requests; i++) {
      places.acquireUninterruptibly();
      CompletableFuture<Outcome> outcome =
          caller.send(i, workload.request(i), System.nanoTime(), workload.deadline().toNanos());
      outcome.whenComplete((done, failure) -> places.release());
      all.add(outcome);
      progress.accept(i + 1);
    }
    return all.stream().map(CompletableFuture::join).toList();
  }
}

package io.madit.load;

import com.google.protobuf.Duration;
import io.madit.v1.BeginImage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/**
 * Pictures whose ids arrive one by one: a simulated language model per arrival, each on a stream of
 * its own. The deadline of the workload counts from the last id.
 */
final class StreamCalls implements Calls<StreamOutcome>, AutoCloseable {
  /** The server's own deadline comes first; this one ends a stream that nobody answers. */
  private static final long SAFETY_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final ScheduledExecutorService pacing =
      Executors.newScheduledThreadPool(
          2,
          task -> {
            Thread thread = new Thread(task, "madit-bench-ids");
            thread.setDaemon(true);
            return thread;
          });
  private final Caller caller;
  private final Workload workload;
  private final List<Arrival> arrivals;
  private final IdPace pace;
  private final BeginImage events;

  /**
   * @param events the events that are wanted: progress and previews
   */
  StreamCalls(
      Caller caller, Workload workload, List<Arrival> arrivals, IdPace pace, BeginImage events) {
    this.caller = caller;
    this.workload = workload;
    this.arrivals = arrivals;
    this.pace = pace;
    this.events = events;
  }

  @Override
  public LongFunction<CompletableFuture<StreamOutcome>> prepare(int i) {
    Arrival arrival = arrivals.get(i);
    List<Integer> ids = workload.ids(i);
    BeginImage.Builder begin =
        events.toBuilder()
            .setModel(workload.model().getName())
            .setSampling(workload.sampling(i, arrival));
    begin.getOutputBuilder().setFormat(workload.format());
    begin.getOptionsBuilder().setPriority(arrival.priority());
    long limit = pace.nanosFor(ids.size()) + workload.deadline().toNanos();
    return intended -> {
      long left = Math.max(1, intended + limit - System.nanoTime());
      PacedPicture picture = new PacedPicture(ids, pace, intended, pacing);
      return picture.begin(
          caller
              .stub(i)
              .withDeadlineAfter(left + SAFETY_NANOS, TimeUnit.NANOSECONDS)
              .streamDetokenize(picture),
          begin.setDeadline(duration(left)).build());
    };
  }

  private static Duration duration(long nanos) {
    return Duration.newBuilder()
        .setSeconds(TimeUnit.NANOSECONDS.toSeconds(nanos))
        .setNanos((int) (nanos % TimeUnit.SECONDS.toNanos(1)))
        .build();
  }

  @Override
  public void close() {
    pacing.shutdownNow();
  }
}

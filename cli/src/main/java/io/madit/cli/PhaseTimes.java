package io.madit.cli;

import com.google.protobuf.Duration;
import io.madit.v1.Timings;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** A picture's times on the server, in seconds. */
record PhaseTimes(double queue, double rounds, double decode, double encode, double total) {
  static PhaseTimes of(Timings timings) {
    return new PhaseTimes(
        seconds(timings.getQueue()),
        seconds(timings.getRounds()),
        seconds(timings.getDecode()),
        seconds(timings.getEncode()),
        seconds(timings.getTotal()));
  }

  static PhaseTimes average(List<PhaseTimes> times) {
    return new PhaseTimes(
        mean(times, PhaseTimes::queue),
        mean(times, PhaseTimes::rounds),
        mean(times, PhaseTimes::decode),
        mean(times, PhaseTimes::encode),
        mean(times, PhaseTimes::total));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "queue %.3f s, rounds %.3f s, decode %.3f s, encode %.3f s, total %.3f s",
        queue,
        rounds,
        decode,
        encode,
        total);
  }

  private static double mean(List<PhaseTimes> times, ToDoubleFunction<PhaseTimes> phase) {
    return times.stream().mapToDouble(phase).average().orElse(0);
  }

  private static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNanos() / 1e9;
  }
}

package io.madit.load;

import java.util.SplittableRandom;

/**
 * When requests are meant to start, in nanoseconds after the begin; sorted. A request's latency
 * counts from there, whether or not the client could send it in time.
 */
final class Arrivals {
  private static final double NANOS = 1e9;

  private Arrivals() {}

  /** Independent arrivals: exponential gaps. */
  static long[] poisson(double perSecond, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long[] times = new long[count];
    double now = 0;
    for (int i = 0; i < count; i++) {
      now += -Math.log1p(-random.nextDouble()) / perSecond;
      times[i] = (long) (now * NANOS);
    }
    return times;
  }

  /** Equal gaps. */
  static long[] constant(double perSecond, int count) {
    long[] times = new long[count];
    for (int i = 0; i < count; i++) {
      times[i] = (long) (i / perSecond * NANOS);
    }
    return times;
  }

  /** Groups of {@code size} at once, at the same mean rate. */
  static long[] bursts(double perSecond, int count, int size) {
    long[] times = new long[count];
    for (int i = 0; i < count; i++) {
      int first = i - i % size;
      times[i] = (long) (first / perSecond * NANOS);
    }
    return times;
  }

  /** A rate that grows linearly from {@code first} to {@code last} per second. */
  static long[] ramp(double first, double last, int count) {
    long[] times = new long[count];
    double length = 2 * count / (first + last);
    for (int i = 0; i < count; i++) {
      // The integral of the rate up to t equals i: a quadratic in t.
      double slope = (last - first) / length;
      double t =
          Math.abs(slope) < 1e-12
              ? i / first
              : (-first + Math.sqrt(first * first + 2 * slope * i)) / slope;
      times[i] = (long) (t * NANOS);
    }
    return times;
  }
}

package io.madit.server.admission;

import io.madit.server.engine.EngineLoad;
import io.madit.server.engine.Priority;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The door, and the book of what is inside: pictures awaiting tokens, queued, running, being
 * encoded, or waiting for a client that reads slowly. Thread-safe.
 */
public final class Admission {
  private final AdmissionLimits limits;
  private final Supplier<EngineLoad> load;
  private final LongSupplier nanoClock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition empty = lock.newCondition();

  // Guarded by lock.
  private final double[] seconds = new double[Priority.LEVELS];
  private final int[] pictures = new int[Priority.LEVELS];
  private final long[] rows = new long[Priority.LEVELS];
  private final Map<String, Integer> byClient = new HashMap<>();
  private final Caution caution = new Caution();
  private long bytes;
  private boolean draining;

  public Admission(AdmissionLimits limits, Supplier<EngineLoad> load, LongSupplier nanoClock) {
    this.limits = limits;
    this.load = load;
    this.nanoClock = nanoClock;
  }

  /**
   * Lets a request in.
   *
   * @throws AdmissionRefused when it may not; then nothing is held
   */
  public Ticket enter(Ask ask) {
    lock.lock();
    try {
      Inside inside = inside(ask);
      EngineLoad now = load.get();
      Optional<Refusal> refusal =
          draining
              ? Optional.of(Refusal.lasting(Refusal.Reason.DRAINING, "the server is shutting down"))
              : AdmissionPolicy.decide(ask, inside, now, caution.factor(), limits);
      if (refusal.isPresent()) {
        throw new AdmissionRefused(refusal.get());
      }
      return new Ticket(ask, AdmissionPolicy.expectedSeconds(ask, inside, now));
    } finally {
      lock.unlock();
    }
  }

  private Inside inside(Ask ask) {
    int level = ask.priority().level();
    double aheadSeconds = 0;
    int aheadPictures = 0;
    long aheadRows = 0;
    for (int i = 0; i <= level; i++) {
      aheadSeconds += seconds[i];
      aheadPictures += pictures[i];
      aheadRows += rows[i];
    }
    return new Inside(
        total(pictures),
        byClient.getOrDefault(ask.client(), 0),
        bytes,
        total(seconds),
        aheadSeconds,
        aheadPictures,
        aheadRows);
  }

  /** From now on nothing may enter. */
  public void drain() {
    lock.lock();
    try {
      draining = true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nothing is inside; false when {@code longest} has passed before. */
  public boolean awaitEmpty(Duration longest) throws InterruptedException {
    long left = longest.toNanos();
    lock.lock();
    try {
      while (total(pictures) > 0 && left > 0) {
        left = empty.awaitNanos(left);
      }
      return total(pictures) == 0;
    } finally {
      lock.unlock();
    }
  }

  /** Factor on predictions that deadlines are checked with; at least 1. */
  public double caution() {
    lock.lock();
    try {
      return caution.factor();
    } finally {
      lock.unlock();
    }
  }

  /** Pictures inside. */
  public int pictures() {
    lock.lock();
    try {
      return total(pictures);
    } finally {
      lock.unlock();
    }
  }

  /** Device work inside, in seconds. */
  public double backlogSeconds() {
    lock.lock();
    try {
      return total(seconds);
    } finally {
      lock.unlock();
    }
  }

  /** State inside, in bytes. */
  public long stateBytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  private static int total(int[] values) {
    int sum = 0;
    for (int value : values) {
      sum += value;
    }
    return sum;
  }

  private static double total(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  /** A place. Given back by the first {@link #close}; further calls do nothing. */
  public final class Ticket implements AutoCloseable {
    private final Ask ask;
    private final double predictedSeconds;
    private final long enteredNanos = nanoClock.getAsLong();

    // Guarded by lock.
    private double left;
    private int rowsLeft;
    private long bytesLeft;
    private boolean held = true;

    private Ticket(Ask ask, double predictedSeconds) {
      this.ask = ask;
      this.predictedSeconds = predictedSeconds;
      left = ask.shareSeconds();
      rowsLeft = ask.rows();
      bytesLeft = ask.bytes();
      int level = ask.priority().level();
      seconds[level] += left;
      rows[level] += rowsLeft;
      bytes += bytesLeft;
      pictures[level]++;
      byClient.merge(ask.client(), 1, Integer::sum);
    }

    /** The device work that is left of it. */
    public void workLeft(double nowSeconds) {
      lock.lock();
      try {
        if (held) {
          setLeft(nowSeconds);
        }
      } finally {
        lock.unlock();
      }
    }

    /** Its file is ready: teaches how long pictures take. For those that had all at the door. */
    public void ready() {
      learn(0);
    }

    /** It ended without a file: teaches something only if it is later than predicted. */
    public void givenUp() {
      learn(predictedSeconds);
    }

    private void learn(double leastSeconds) {
      lock.lock();
      try {
        double taken = (nanoClock.getAsLong() - enteredNanos) * 1e-9;
        if (taken > leastSeconds) {
          caution.observe(predictedSeconds, taken);
        }
      } finally {
        lock.unlock();
      }
    }

    /** The device has done its part: only the place is held on. */
    public void worked() {
      lock.lock();
      try {
        release();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        if (held) {
          release();
          held = false;
          pictures[ask.priority().level()]--;
          byClient.computeIfPresent(ask.client(), (client, n) -> n == 1 ? null : n - 1);
          if (total(pictures) == 0) {
            Arrays.fill(seconds, 0); // sums of floating numbers drift
            empty.signalAll();
          }
        }
      } finally {
        lock.unlock();
      }
    }

    private void release() {
      setLeft(0);
      rows[ask.priority().level()] -= rowsLeft;
      rowsLeft = 0;
      bytes -= bytesLeft;
      bytesLeft = 0;
    }

    private void setLeft(double nowSeconds) {
      seconds[ask.priority().level()] += nowSeconds - left;
      left = nowSeconds;
    }
  }
}

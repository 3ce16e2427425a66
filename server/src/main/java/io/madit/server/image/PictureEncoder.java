package io.madit.server.image;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Encodes pictures on a bounded pool of its own, off the engine and network threads. Thread-safe.
 */
public final class PictureEncoder implements AutoCloseable {
  private final ThreadPoolExecutor pool;

  /**
   * @param threads that encode
   * @param queueCapacity pictures that may wait; more are refused
   */
  public PictureEncoder(int threads, int queueCapacity) {
    AtomicInteger number = new AtomicInteger();
    pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(queueCapacity),
            work -> {
              Thread thread = new Thread(work, "madit-encoder-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts encoding and returns at once. The future is completed on a pool thread. It fails with
   * {@link RejectedExecutionException} if too many pictures wait or the encoder is closed.
   */
  public CompletableFuture<byte[]> encode(
      RgbPicture picture, PictureFormat format, EncodeSettings settings) {
    try {
      return CompletableFuture.supplyAsync(
          () -> PictureWriter.write(picture, format, settings), pool);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Pictures that wait now. */
  public int queued() {
    return pool.getQueue().size();
  }

  /** Finishes what has been accepted; takes nothing new. */
  @Override
  public void close() {
    pool.shutdown();
  }
}

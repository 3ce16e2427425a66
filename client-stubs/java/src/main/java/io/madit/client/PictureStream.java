package io.madit.client;

import io.grpc.Deadline;
import io.grpc.Status;
import io.madit.v1.BeginImage;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A picture that is drawn while its ids are still sampled: iterates over its events.
 *
 * <p>Any thread may call {@link #put}, {@link #finish} and {@link #close}; one thread iterates. Ids
 * are sent at once, whether or not anybody iterates. A stream that breaks is opened again and gets
 * all ids again, with the same seed: then events of earlier rounds may repeat.
 */
public final class PictureStream implements Iterator<PictureEvent>, AutoCloseable {
  private final VisualTokenServiceStub stub;
  private final BeginImage begin;
  private final Deadline deadline;
  private final RetryPolicy retry;

  /** Guards {@code ids} and {@code attempt}. */
  private final Object lock = new Object();

  private final IdLog ids = new IdLog();
  private Attempt attempt;
  private final CountDownLatch closed = new CountDownLatch(1);

  /** The iterating thread's own. */
  private int attempts;

  private PictureEvent next;

  /** Written by the iterating thread. */
  private volatile Picture picture;

  PictureStream(
      VisualTokenServiceStub stub, BeginImage begin, Deadline deadline, RetryPolicy retry) {
    this.stub = stub.withDeadline(deadline);
    this.begin = begin;
    this.deadline = deadline;
    this.retry = retry;
    open();
  }

  /** The seed of the picture. */
  public long seed() {
    return begin.getSampling().getSeed();
  }

  /** The next ids, unsigned. */
  public void put(int... more) {
    synchronized (lock) {
      ids.append(more);
      attempt.send(ids);
    }
  }

  /** No more ids follow. Not needed when the model's count of ids is reached. */
  public void finish() {
    synchronized (lock) {
      ids.finish();
      attempt.send(ids);
    }
  }

  /**
   * Whether an event follows; waits for it.
   *
   * @throws MaditException if the picture failed, and a retry cannot help or was tried in vain;
   *     CANCELLED if the thread was interrupted
   */
  @Override
  public boolean hasNext() {
    while (next == null && picture == null && isOpen()) {
      try {
        next = read();
      } catch (MaditException failure) {
        reopen(failure);
      }
    }
    return next != null;
  }

  @Override
  public PictureEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    PictureEvent event = next;
    next = null;
    return event;
  }

  /**
   * Waits for the picture, passing over all other events.
   *
   * @throws MaditException as {@link #hasNext}; CANCELLED if the stream was closed before
   */
  public Picture result() {
    while (hasNext()) {
      next();
    }
    if (picture == null) {
      throw cancelled("the stream was closed before its picture was done");
    }
    return picture;
  }

  /** Cancels the picture if it is not done. */
  @Override
  public void close() {
    synchronized (lock) {
      closed.countDown();
      // When the picture is there the server ends the call itself.
      if (picture == null) {
        attempt.cancel("closed by the caller");
      }
    }
  }

  private boolean isOpen() {
    return closed.getCount() > 0;
  }

  private void open() {
    synchronized (lock) {
      if (isOpen()) {
        attempts++;
        attempt = Attempt.open(stub, begin);
        attempt.send(ids);
      }
    }
  }

  private PictureEvent read() {
    Attempt current;
    synchronized (lock) {
      current = attempt;
    }
    try {
      Optional<StreamDetokenizeResponse> message = current.take();
      if (message.isEmpty()) {
        throw new MaditException(
            Failure.local(Status.Code.UNAVAILABLE, "the stream ended without a picture"));
      }
      return event(message.get());
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** Null for an event that this version does not know. */
  private PictureEvent event(StreamDetokenizeResponse message) {
    return switch (message.getEventCase()) {
      case ACCEPTED -> new PictureEvent.Accepted(message.getAccepted());
      case PROGRESS -> new PictureEvent.Progress(message.getProgress());
      case PREVIEW -> new PictureEvent.Preview(message.getPreview());
      case IMAGE -> done(Picture.of(message.getImage()));
      case ERROR -> throw new MaditException(Failure.ofImage(message.getError()));
      case EVENT_NOT_SET -> null;
    };
  }

  private PictureEvent done(Picture drawn) {
    picture = drawn;
    synchronized (lock) {
      attempt.halfClose();
    }
    return new PictureEvent.Done(drawn);
  }

  /** Begins the next attempt after a pause, or throws. */
  private void reopen(MaditException failure) {
    if (!isOpen()) {
      return;
    }
    synchronized (lock) {
      attempt.cancel("failed");
    }
    Duration left = Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
    double draw = ThreadLocalRandom.current().nextDouble();
    Duration pause =
        retry.pause(failure.failure(), attempts, left, draw).orElseThrow(() -> closing(failure));
    try {
      if (!closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        open();
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private MaditException closing(MaditException failure) {
    closed.countDown();
    return failure;
  }

  private MaditException interrupted() {
    close();
    Thread.currentThread().interrupt();
    return cancelled("the thread was interrupted");
  }

  private static MaditException cancelled(String message) {
    return new MaditException(Failure.local(Status.Code.CANCELLED, message));
  }
}

package io.madit.server.telemetry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One JSON line per request, on the logger {@value #LOGGER}. Lines are made and written by a thread
 * of their own: those that end requests must not wait for a slow reader. When it is too slow, lines
 * are dropped and counted.
 */
final class AccessLog implements AutoCloseable {
  static final String LOGGER = "madit.access";

  private static final Logger LOG = LoggerFactory.getLogger(LOGGER);
  static final int WAITING_LINES = 8192;
  private static final long LAST_LINES_SECONDS = 5;

  private final JsonMapper json = JsonMapper.builder().build();
  private final AtomicLong dropped = new AtomicLong();
  private final ThreadPoolExecutor writer =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(WAITING_LINES),
          work -> {
            Thread thread = new Thread(work, "madit-access-log");
            thread.setDaemon(true);
            return thread;
          },
          (line, pool) -> dropped.incrementAndGet());
  private final boolean on;

  private AccessLog(boolean on) {
    this.on = on;
  }

  static AccessLog start() {
    return new AccessLog(true);
  }

  static AccessLog off() {
    return new AccessLog(false);
  }

  /**
   * @param traceId null when the request is not traced
   */
  void write(RequestRecord record, String traceId) {
    if (on && LOG.isInfoEnabled()) {
      writer.execute(() -> LOG.info(line(record, traceId)));
    }
  }

  private String line(RequestRecord record, String traceId) {
    try {
      return json.writeValueAsString(AccessLine.of(record, traceId));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // strings and numbers always have a form
    }
  }

  long dropped() {
    return dropped.get();
  }

  @Override
  public void close() {
    writer.shutdown();
    try {
      writer.awaitTermination(LAST_LINES_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

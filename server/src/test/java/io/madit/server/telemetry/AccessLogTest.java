package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.madit.server.telemetry.RequestRecord.Result;
import io.madit.server.telemetry.RequestRecord.Subject;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A log whose reader is stuck. */
class AccessLogTest {
  private final CountDownLatch stuck = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicInteger written = new AtomicInteger();
  private final Logger logger = (Logger) LoggerFactory.getLogger(AccessLog.LOGGER);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          stuck.countDown();
          try {
            released.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          written.incrementAndGet();
        }
      };

  @BeforeEach
  void attach() {
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
  }

  @AfterEach
  void detach() {
    logger.detachAppender(appender);
    logger.setLevel(null);
    logger.setAdditive(true);
  }

  private static RequestRecord record() {
    return new RequestRecord(
        new Origin(Instant.EPOCH, "a.B/C", null, null),
        new Subject(null, null, null),
        Optional.empty(),
        Optional.empty(),
        Result.OK,
        1,
        0,
        0);
  }

  @Test
  void write_neverWaitsForTheReader() throws Exception {
    AccessLog log = AccessLog.start();
    log.write(record(), null);
    stuck.await();
    for (int i = 0; i < AccessLog.WAITING_LINES + 3; i++) {
      log.write(record(), null);
    }
    assertThat(log.dropped()).isEqualTo(3);
    released.countDown();
    log.close();
    assertThat(written).hasValue(1 + AccessLog.WAITING_LINES);
  }

  @Test
  void off_writesNothing() {
    released.countDown();
    AccessLog log = AccessLog.off();
    log.write(record(), null);
    log.close();
    assertThat(written).hasValue(0);
    assertThat(log.dropped()).isZero();
  }
}

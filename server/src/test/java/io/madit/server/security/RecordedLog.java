package io.madit.server.security;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What is logged while it is open. */
final class RecordedLog implements AutoCloseable {
  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  private final ListAppender<ILoggingEvent> events = new ListAppender<>();

  private RecordedLog() {
    events.start();
    root.addAppender(events);
  }

  static RecordedLog start() {
    return new RecordedLog();
  }

  List<String> warnings() {
    return snapshot().stream()
        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  /** Every message and every exception's message. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (ILoggingEvent event : snapshot()) {
      lines.add(event.getLoggerName() + " " + event.getFormattedMessage());
      for (IThrowableProxy e = event.getThrowableProxy(); e != null; e = e.getCause()) {
        lines.add(e.getMessage());
      }
    }
    return lines;
  }

  /** The appender appends under its own lock. */
  private List<ILoggingEvent> snapshot() {
    synchronized (events) {
      return List.copyOf(events.list);
    }
  }

  @Override
  public void close() {
    root.detachAppender(events);
  }
}

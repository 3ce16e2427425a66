package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.madit.server.telemetry.ServerMetrics;
import io.madit.v1.StreamDetokenizeResponse;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The outgoing half of a stream, shared by its pictures. Thread-safe. A client that reads slowly
 * costs bounded memory: of each picture only the newest preview and the newest progress wait for
 * it; final events always go out.
 */
final class StreamReplies {
  private final ServerCallStreamObserver<StreamDetokenizeResponse> observer;
  private final ServerMetrics metrics;

  // Guarded by this.
  private final Map<String, StreamDetokenizeResponse> progress = new LinkedHashMap<>();
  private final Map<String, StreamDetokenizeResponse> previews = new LinkedHashMap<>();
  private boolean closed;

  /** The client could not take more when its last event was handled: the next is not read yet. */
  private boolean inputPaused;

  StreamReplies(
      ServerCallStreamObserver<StreamDetokenizeResponse> observer, ServerMetrics metrics) {
    this.observer = observer;
    this.metrics = metrics;
    observer.setOnReadyHandler(this::flush);
    observer.disableAutoRequest();
  }

  /**
   * Reads the next event of the client, now or when it has read what waits for it: a client that
   * sends but never reads cannot pile up answers.
   */
  synchronized void requestNext() {
    inputPaused = !observer.isReady();
    if (!inputPaused) {
      observer.request(1);
    }
  }

  synchronized void accepted(StreamDetokenizeResponse event) {
    send(event);
  }

  synchronized void progress(StreamDetokenizeResponse event) {
    if (ready()) {
      send(event);
    } else if (!closed) {
      progress.put(event.getImageId(), event);
    }
  }

  synchronized void preview(StreamDetokenizeResponse event) {
    if (ready()) {
      send(event);
    } else if (!closed && previews.put(event.getImageId(), event) != null) {
      metrics.recordDroppedPreview();
    }
  }

  /** The last event of a picture; what still waits of it is out of date. */
  synchronized void last(StreamDetokenizeResponse event) {
    progress.remove(event.getImageId());
    previews.remove(event.getImageId());
    send(event);
  }

  synchronized void complete() {
    if (!closed) {
      closed = true;
      observer.onCompleted();
    }
  }

  /** Nothing is sent any more. */
  synchronized void abandon() {
    closed = true;
    progress.clear();
    previews.clear();
  }

  private synchronized void flush() {
    if (inputPaused) {
      requestNext();
    }
    sendWaiting(previews);
    sendWaiting(progress);
  }

  private void sendWaiting(Map<String, StreamDetokenizeResponse> waiting) {
    var events = waiting.values().iterator();
    while (events.hasNext() && ready()) {
      StreamDetokenizeResponse event = events.next();
      events.remove();
      send(event);
    }
  }

  private boolean ready() {
    return !closed && observer.isReady();
  }

  private void send(StreamDetokenizeResponse event) {
    if (!closed) {
      observer.onNext(event);
    }
  }
}

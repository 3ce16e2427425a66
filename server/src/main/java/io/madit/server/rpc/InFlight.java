package io.madit.server.rpc;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Requests that the engine owes an answer, for the case that it never gives one. Thread-safe. */
public final class InFlight {
  /** A request that can be ended from outside. */
  interface Request {
    /** Answers with an error, unless it has been answered. */
    void abort(Throwable cause);
  }

  private final Set<Request> requests = ConcurrentHashMap.newKeySet();

  void add(Request request) {
    requests.add(request);
  }

  void remove(Request request) {
    requests.remove(request);
  }

  /** Answers all with UNAVAILABLE: the engine is gone. */
  public void abandon() {
    requests.forEach(
        request ->
            request.abort(
                RequestFailure.of(
                    ErrorCode.DEVICE_FAILED, "the device has failed; the server restarts")));
  }
}

package io.madit.server.telemetry;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Watches one call at the transport, so that refusals before any handler count, too. {@link
 * #streamClosed} is called exactly once, on a thread that must not block.
 */
final class CallTracer extends ServerStreamTracer {
  /** Names that clients invent must not become labels. */
  private static final String UNKNOWN_METHOD = "other";

  private final RequestObservation observation;
  private final CallMeters meters;
  private final AtomicLong wireIn = new AtomicLong();
  private final AtomicLong wireOut = new AtomicLong();
  private volatile String method = UNKNOWN_METHOD;
  private volatile Deadline deadline;

  CallTracer(RequestObservation observation, CallMeters meters) {
    this.observation = observation;
    this.meters = meters;
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(RequestObservation.OF_CALL, observation);
  }

  @Override
  public void serverCallStarted(ServerCallInfo<?, ?> call) {
    method = call.getMethodDescriptor().getFullMethodName();
    deadline = Context.current().getDeadline();
    SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    if (peer != null) {
      observation.client(PeerNames.of(peer));
    }
    meters.started(method);
  }

  @Override
  public void inboundWireSize(long bytes) {
    wireIn.addAndGet(bytes);
  }

  @Override
  public void outboundWireSize(long bytes) {
    wireOut.addAndGet(bytes);
  }

  @Override
  public void inboundUncompressedSize(long bytes) {
    observation.moved(bytes, 0);
  }

  @Override
  public void outboundUncompressedSize(long bytes) {
    observation.moved(0, bytes);
  }

  @Override
  public void streamClosed(Status status) {
    if (method.equals(UNKNOWN_METHOD)) {
      meters.started(method);
    }
    String code = code(status.getCode()).name();
    Tracing.within(
        observation.span(),
        () -> meters.finished(method, code, observation.age(), wireIn.get(), wireOut.get()));
    observation.endCall(code);
  }

  private Status.Code code(Status.Code code) {
    return code == Status.Code.CANCELLED && Expiry.explains(deadline)
        ? Status.Code.DEADLINE_EXCEEDED
        : code;
  }
}

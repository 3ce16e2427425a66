package io.madit.server.rpc;

import io.grpc.BindableService;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.services.CallMetricRecorder;
import io.grpc.services.MetricRecorder;
import io.grpc.xds.orca.OrcaMetricReportingServerInterceptor;
import io.grpc.xds.orca.OrcaServiceImpl;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * ORCA load reports for balancing clients (gRFC A51): with the trailers of every call, and out of
 * band as a stream.
 *
 * <p>The application utilisation is 1 when the server is full. The backlog is the named metric
 * {@value #BACKLOG} of a call. A stream has no named metrics: there it is the utilisation metric
 * {@value #BACKLOG_MINUTES}, in minutes, 1 at most.
 */
public final class LoadReports implements AutoCloseable {
  static final String BACKLOG = "backlog_seconds";
  static final String BACKLOG_MINUTES = "backlog_minutes";
  private static final long REFRESH_MILLIS = 500;
  private static final long SHORTEST_INTERVAL_SECONDS = 1;

  private final DoubleSupplier utilisation;
  private final DoubleSupplier backlogSeconds;
  private final MetricRecorder now = MetricRecorder.newInstance();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "madit-load");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param utilisation 0 or more; 1: full
   * @param backlogSeconds work that waits; both are asked on any thread
   */
  public LoadReports(DoubleSupplier utilisation, DoubleSupplier backlogSeconds) {
    this.utilisation = utilisation;
    this.backlogSeconds = backlogSeconds;
    timer.scheduleAtFixedRate(this::refresh, 0, REFRESH_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void refresh() {
    now.setApplicationUtilizationMetric(utilisation.getAsDouble());
    now.putUtilizationMetric(BACKLOG_MINUTES, Math.min(1, backlogSeconds.getAsDouble() / 60));
  }

  /** Reports with each call, as things are when it ends. */
  public ServerInterceptor perCall() {
    OrcaMetricReportingServerInterceptor trailers =
        OrcaMetricReportingServerInterceptor.create(now);
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, io.grpc.ServerCallHandler<Q, A> next) {
        return trailers.interceptCall(
            call, headers, (inner, h) -> next.startCall(measured(inner), h));
      }
    };
  }

  private <Q, A> ServerCall<Q, A> measured(ServerCall<Q, A> call) {
    CallMetricRecorder report = CallMetricRecorder.getCurrent();
    return new SimpleForwardingServerCall<>(call) {
      @Override
      public void close(Status status, Metadata trailers) {
        report
            .recordApplicationUtilizationMetric(utilisation.getAsDouble())
            .recordNamedMetric(BACKLOG, backlogSeconds.getAsDouble());
        super.close(status, trailers);
      }
    };
  }

  /** The service {@code xds.service.orca.v3.OpenRcaService}. */
  public BindableService outOfBand() {
    return OrcaServiceImpl.createService(timer, now, SHORTEST_INTERVAL_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}

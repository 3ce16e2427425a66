package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.xds.shaded.com.github.xds.data.orca.v3.OrcaLoadReport;
import io.grpc.xds.shaded.com.github.xds.service.orca.v3.OpenRcaServiceGrpc;
import io.grpc.xds.shaded.com.github.xds.service.orca.v3.OrcaLoadReportRequest;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.v1.GetModelRequest;
import io.madit.v1.VisualTokenServiceGrpc;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Load reports as a balancing client gets them. */
class LoadReportsTest {
  private static final Metadata.Key<byte[]> REPORT =
      Metadata.Key.of("endpoint-load-metrics-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final HeldRuntime runtime = new HeldRuntime();
  private RunningServer server;

  @BeforeEach
  void start() throws Exception {
    server =
        RunningServer.start(
            runtime,
            new ObservabilityConfig(false, false, false),
            Resources.path("models/pico-buffer"));
  }

  @AfterEach
  void stop() {
    runtime.release();
    server.close();
  }

  private void holdAPicture() {
    runtime.hold();
    VisualTokenServiceGrpc.newFutureStub(server.channel()).detokenize(Requests.picture(1).build());
    runtime.awaitRound();
  }

  @Test
  void trailers_tellUtilisationAndBacklog() throws Exception {
    holdAPicture();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    server
        .blocking()
        .withInterceptors(
            MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers))
        .getModel(GetModelRequest.getDefaultInstance());
    OrcaLoadReport report = OrcaLoadReport.parseFrom(trailers.get().get(REPORT));
    assertThat(report.getApplicationUtilization()).isEqualTo(1.0 / RunningServer.MAX_PICTURES);
    assertThat(report.getNamedMetricsOrThrow(LoadReports.BACKLOG)).isNotNegative();
  }

  @Test
  void stream_tellsUtilisationAgainAndAgain() {
    holdAPicture();
    var reports =
        OpenRcaServiceGrpc.newBlockingStub(server.channel())
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .streamCoreMetrics(OrcaLoadReportRequest.getDefaultInstance());
    OrcaLoadReport report = reports.next();
    while (report.getApplicationUtilization() == 0) {
      report = reports.next();
    }
    assertThat(report.getApplicationUtilization()).isEqualTo(1.0 / RunningServer.MAX_PICTURES);
    assertThat(report.getUtilizationOrThrow(LoadReports.BACKLOG_MINUTES)).isBetween(0.0, 1.0);
  }
}

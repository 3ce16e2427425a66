package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.testing.AccessLines;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.server.testing.TraceReceiver;
import io.madit.v1.BeginImage;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Traces as a collector gets them. */
class TracingTest {
  private static final String ENDPOINT = "otel.exporter.otlp.endpoint";
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String CALLER = "00f067aa0ba902b7";

  private final AccessLines lines = new AccessLines();
  private TraceReceiver collector;
  private RunningServer server;

  @BeforeEach
  void start() throws Exception {
    collector = new TraceReceiver();
    System.setProperty(ENDPOINT, collector.endpoint());
    server =
        RunningServer.start(
            new HeldRuntime(),
            new ObservabilityConfig(true, true, false),
            Resources.path("models/pico-buffer"));
  }

  @AfterEach
  void stop() {
    server.close();
    System.clearProperty(ENDPOINT);
    collector.close();
    lines.close();
  }

  private List<Span> spans() {
    server.close();
    return collector.spans();
  }

  private static Span named(List<Span> spans, String name) {
    return spans.stream().filter(span -> span.getName().equals(name)).findFirst().orElseThrow();
  }

  private static List<Span> below(List<Span> spans, Span parent) {
    return spans.stream()
        .filter(span -> span.getParentSpanId().equals(parent.getSpanId()))
        .sorted(Comparator.comparingLong(Span::getStartTimeUnixNano))
        .toList();
  }

  private static String attribute(Span span, String key) {
    return span.getAttributesList().stream()
        .filter(attribute -> attribute.getKey().equals(key))
        .map(KeyValue::getValue)
        .map(value -> value.hasIntValue() ? "" + value.getIntValue() : value.getStringValue())
        .findFirst()
        .orElse(null);
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  @Test
  void unary_hasASpanUnderTheCallersWithItsPhasesInIt() throws Exception {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-" + TRACE + "-" + CALLER + "-01");
    var stub =
        server.blocking().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    var report = stub.detokenize(Requests.picture(6).build()).getReport();
    List<Span> spans = spans();
    Span call = named(spans, "madit.v1.VisualTokenService/Detokenize");
    assertThat(hex(call.getTraceId())).isEqualTo(TRACE);
    assertThat(hex(call.getParentSpanId())).isEqualTo(CALLER);
    assertThat(call.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(attribute(call, "rpc.service")).isEqualTo("madit.v1.VisualTokenService");
    assertThat(attribute(call, "rpc.grpc.status_code")).isEqualTo("0");
    assertThat(attribute(call, "madit.outcome")).isEqualTo("ok");
    assertThat(attribute(call, "madit.request_id")).isEqualTo(report.getRequestId());
    assertThat(attribute(call, "madit.model")).startsWith(report.getModel() + "@");
    assertThat(attribute(call, "madit.rounds")).isEqualTo("8");
    assertThat(attribute(call, "madit.reveal_order")).isEqualTo("kl");
    assertThat(attribute(call, "madit.seed")).isEqualTo("6");
    List<Span> phases = below(spans, call);
    assertThat(phases)
        .extracting(Span::getName)
        .containsExactly("queue", "condition", "rounds", "decode", "encode");
    assertThat(phases)
        .allSatisfy(
            phase ->
                assertThat(phase.getStartTimeUnixNano())
                    .isBetween(call.getStartTimeUnixNano(), phase.getEndTimeUnixNano()));
    assertThat(phases.get(4).getEndTimeUnixNano()).isLessThanOrEqualTo(call.getEndTimeUnixNano());
    assertThat(lines.next().path("trace_id").asText()).isEqualTo(TRACE);
    assertThat(collector.resource("service.name")).isEqualTo("madit-serving");
    assertThat(collector.resource("service.version")).isEqualTo("test");
  }

  @Test
  void stream_hasASpanPerPicture() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("good", BeginImage.newBuilder());
    stream.begin("bad", BeginImage.newBuilder().setModel("nothing"));
    stream.tokens("good", Requests.ids(6));
    stream.untilLast("good");
    stream.complete();
    List<Span> spans = spans();
    Span call = named(spans, "madit.v1.VisualTokenService/StreamDetokenize");
    List<Span> pictures = below(spans, call);
    assertThat(pictures)
        .extracting(picture -> attribute(picture, "madit.image_id"))
        .containsExactly("good", "bad");
    assertThat(pictures)
        .extracting(picture -> attribute(picture, "madit.outcome"))
        .containsExactly("ok", "model_not_found");
    assertThat(below(spans, pictures.get(0)))
        .extracting(Span::getName)
        .containsExactly("awaiting_tokens", "queue", "condition", "rounds", "decode", "encode");
    assertThat(below(spans, pictures.get(1))).isEmpty();
  }

  @Test
  void call_thatIsTheClientsFaultIsNoErrorAndHealthIsNotTraced() {
    HealthGrpc.newBlockingStub(server.channel()).check(HealthCheckRequest.getDefaultInstance());
    assertThatThrownBy(
            () -> server.blocking().detokenize(Requests.picture(1).clearVisual().build()))
        .isInstanceOf(StatusRuntimeException.class);
    assertThat(spans())
        .singleElement()
        .satisfies(
            span -> {
              assertThat(span.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
              assertThat(attribute(span, "rpc.grpc.status_code")).isEqualTo("3");
            });
  }

  @Test
  void histograms_pointToTraces() throws Exception {
    server.blocking().detokenize(Requests.picture(1).build());
    String trace = lines.next().path("trace_id").asText();
    RunningServer.Page page = server.get("/metrics", "application/openmetrics-text; version=1.0.0");
    assertThat(page.type()).startsWith("application/openmetrics-text");
    assertThat(page.body()).endsWith("# EOF\n");
    assertThat(page.body().lines())
        .anyMatch(line -> line.startsWith("madit_rounds_seconds_bucket") && line.contains(trace))
        .anyMatch(
            line ->
                line.startsWith("grpc_server_call_duration_seconds_bucket")
                    && line.contains(trace));
    assertThat(server.get("/metrics", "text/plain").body()).doesNotContain(trace);
  }
}

package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.testing.AccessLines;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AccessLogTest {
  private static final String UNARY = "madit.v1.VisualTokenService/Detokenize";
  private static final String STREAM = "madit.v1.VisualTokenService/StreamDetokenize";

  private final HeldRuntime runtime = new HeldRuntime();
  private AccessLines lines;
  private RunningServer server;

  @BeforeEach
  void start() throws Exception {
    lines = new AccessLines();
    server =
        RunningServer.start(
            runtime,
            new ObservabilityConfig(false, true, false),
            Resources.path("models/pico-buffer"));
  }

  @AfterEach
  void stop() {
    runtime.release();
    server.close();
    lines.close();
  }

  /** The line of the only request, after everything that could have written another has ended. */
  private JsonNode onlyLine() throws Exception {
    JsonNode line = lines.next();
    runtime.release();
    server.close();
    assertThat(lines.rest()).isEmpty();
    return line;
  }

  private static void assertEnd(JsonNode line, String method, String code, String outcome) {
    assertThat(line.path("method").asText()).isEqualTo(method);
    assertThat(line.path("code").asText()).isEqualTo(code);
    assertThat(line.path("outcome").asText()).isEqualTo(outcome);
    assertThat(line.path("duration_ms").asDouble()).isPositive();
    assertThat(line.path("time").asText()).matches("\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}\\.\\d{3}Z");
  }

  /** A timeout that only the server's clock measures: the client has no deadline of its own. */
  private static <S extends io.grpc.stub.AbstractStub<S>> S expiring(S stub) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), "200m");
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private VisualTokenServiceStub plainStub() {
    return VisualTokenServiceGrpc.newStub(server.channel());
  }

  private static BeginImage.Builder begin() {
    BeginImage.Builder begin = BeginImage.newBuilder();
    begin.getOptionsBuilder().setClientRequestId("mine");
    begin.getSamplingBuilder().setSeed(5);
    return begin;
  }

  @Test
  void unary_ok() throws Exception {
    DetokenizeRequest.Builder request = Requests.picture(-5);
    request.getOptionsBuilder().setClientRequestId("mine\n\"");
    DetokenizeResponse response = server.blocking().detokenize(request.build());
    JsonNode line = onlyLine();
    assertEnd(line, UNARY, "OK", "ok");
    assertThat(line.has("reason")).isFalse();
    assertThat(line.path("client").asText()).startsWith("127.0.0.1:");
    assertThat(line.path("request_id").asText()).isEqualTo(response.getReport().getRequestId());
    assertThat(line.path("client_request_id").asText()).isEqualTo("mine\n\"");
    assertThat(line.path("model").asText())
        .isEqualTo(response.getReport().getModel() + "@" + response.getReport().getModelVersion());
    assertThat(line.path("seed").asText()).isEqualTo("18446744073709551611");
    assertThat(line.path("rounds").asInt()).isEqualTo(8);
    assertThat(line.path("timings_ms").fieldNames())
        .toIterable()
        .containsExactly("queue", "condition", "rounds", "decode", "encode");
    assertThat(line.path("bytes_in").asInt()).isEqualTo(request.build().getSerializedSize());
    assertThat(line.path("bytes_out").asInt()).isEqualTo(response.getSerializedSize());
    assertThat(line.has("trace_id")).isFalse();
  }

  @Test
  void unary_invalid() throws Exception {
    DetokenizeRequest.Builder request = Requests.picture(1).clearVisual();
    request.getOptionsBuilder().setClientRequestId("mine");
    assertThatThrownBy(() -> server.blocking().detokenize(request.build()))
        .isInstanceOf(StatusRuntimeException.class);
    JsonNode line = onlyLine();
    assertEnd(line, UNARY, "INVALID_ARGUMENT", "invalid_field");
    assertThat(line.path("reason").asText()).isEqualTo("INVALID_FIELD");
    assertThat(line.path("client_request_id").asText()).isEqualTo("mine");
    assertThat(line.has("timings_ms")).isFalse();
  }

  @Test
  void unary_cancelled() throws Exception {
    runtime.hold();
    var call =
        VisualTokenServiceGrpc.newFutureStub(server.channel())
            .detokenize(Requests.picture(1).build());
    runtime.awaitRound();
    call.cancel(true);
    JsonNode line = onlyLine();
    assertEnd(line, UNARY, "CANCELLED", "cancelled");
    assertThat(line.path("seed").asText()).isEqualTo("1");
  }

  @Test
  void unary_deadline() throws Exception {
    runtime.hold();
    var stub = expiring(VisualTokenServiceGrpc.newBlockingStub(server.channel()));
    assertThatThrownBy(() -> stub.detokenize(Requests.picture(1).build()))
        .isInstanceOf(StatusRuntimeException.class);
    assertEnd(onlyLine(), UNARY, "DEADLINE_EXCEEDED", "deadline_exceeded");
  }

  @Test
  void stream_ok() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin());
    stream.tokens("a", Requests.ids(5));
    List<StreamDetokenizeResponse> events = stream.untilLast("a");
    stream.complete();
    JsonNode line = onlyLine();
    assertEnd(line, STREAM, "OK", "ok");
    assertThat(line.path("image_id").asText()).isEqualTo("a");
    assertThat(line.path("client").asText()).startsWith("127.0.0.1:");
    assertThat(line.path("client_request_id").asText()).isEqualTo("mine");
    assertThat(line.path("request_id").asText())
        .isEqualTo(events.get(0).getAccepted().getRequestId());
    assertThat(line.path("seed").asText()).isEqualTo("5");
    assertThat(line.path("timings_ms").has("awaiting_tokens")).isTrue();
    assertThat(line.path("bytes_out").asInt())
        .isEqualTo(events.stream().mapToInt(StreamDetokenizeResponse::getSerializedSize).sum());
    assertThat(line.path("bytes_in").asInt()).isPositive();
  }

  @Test
  void stream_invalid() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin().setModel("nothing"));
    stream.untilLast("a");
    stream.complete();
    JsonNode line = onlyLine();
    assertEnd(line, STREAM, "NOT_FOUND", "model_not_found");
    assertThat(line.path("client_request_id").asText()).isEqualTo("mine");
    assertThat(line.path("bytes_out").asInt()).isPositive();
  }

  @Test
  void stream_invalidLater() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin());
    stream.tokens("a", List.of(-1));
    stream.untilLast("a");
    stream.complete();
    assertEnd(onlyLine(), STREAM, "INVALID_ARGUMENT", "invalid_field");
  }

  @Test
  void stream_cancelledByTheClientsAbort() throws Exception {
    runtime.hold();
    StreamClient stream = new StreamClient(plainStub());
    stream.begin("a", begin());
    stream.tokens("a", Requests.ids(5));
    runtime.awaitRound();
    stream.abort();
    JsonNode line = onlyLine();
    assertEnd(line, STREAM, "CANCELLED", "cancelled");
    assertThat(line.path("image_id").asText()).isEqualTo("a");
  }

  @Test
  void stream_cancelledByAnEvent() throws Exception {
    runtime.hold();
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin());
    stream.tokens("a", Requests.ids(5));
    runtime.awaitRound();
    stream.cancel("a");
    stream.untilLast("a");
    stream.complete();
    assertEnd(onlyLine(), STREAM, "CANCELLED", "cancelled");
  }

  @Test
  void stream_deadline() throws Exception {
    runtime.hold();
    StreamClient stream = new StreamClient(expiring(plainStub()));
    stream.begin("a", begin());
    stream.tokens("a", Requests.ids(5));
    assertEnd(onlyLine(), STREAM, "DEADLINE_EXCEEDED", "deadline_exceeded");
  }

  @Test
  void stream_everyPictureHasItsLine() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin());
    stream.begin("b", begin());
    stream.tokens("b", Requests.ids(1));
    stream.tokens("a", Requests.ids(2));
    stream.complete();
    server.close();
    assertThat(lines.rest())
        .extracting(line -> line.path("image_id").asText())
        .containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void stream_withoutPicturesHasOneLine() throws Exception {
    new StreamClient(server).complete();
    JsonNode line = onlyLine();
    assertEnd(line, STREAM, "OK", "ok");
    assertThat(line.has("image_id")).isFalse();
  }

  @Test
  void tokenize_ok() throws Exception {
    TokenizeRequest.Builder request = TokenizeRequest.newBuilder();
    request
        .getImageBuilder()
        .getRawBuilder()
        .setWidth(1)
        .setHeight(1)
        .setRgb(ByteString.copyFrom(new byte[3]));
    TokenizeResponse response = server.blocking().tokenize(request.build());
    JsonNode line = onlyLine();
    assertEnd(line, "madit.v1.VisualTokenService/Tokenize", "OK", "ok");
    assertThat(line.path("request_id").asText()).isEqualTo(response.getReport().getRequestId());
    assertThat(line.path("timings_ms").fieldNames())
        .toIterable()
        .containsExactly("queue", "tokenize");
    assertThat(line.has("rounds")).isFalse();
  }

  @Test
  void tokenize_invalid() throws Exception {
    assertThatThrownBy(() -> server.blocking().tokenize(TokenizeRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);
    assertEnd(
        onlyLine(), "madit.v1.VisualTokenService/Tokenize", "INVALID_ARGUMENT", "invalid_field");
  }

  @Test
  void call_ofAnUnknownMethodIsLogged() throws Exception {
    MethodDescriptor<DetokenizeRequest, DetokenizeResponse> unknown =
        VisualTokenServiceGrpc.getDetokenizeMethod().toBuilder()
            .setFullMethodName("some.Service/Method")
            .build();
    assertThatThrownBy(
            () ->
                ClientCalls.blockingUnaryCall(
                    server.channel(),
                    unknown,
                    CallOptions.DEFAULT,
                    DetokenizeRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);
    assertEnd(onlyLine(), "some.Service/Method", "UNIMPLEMENTED", "unimplemented");
  }

  @Test
  void call_ofHealthIsNotLogged() throws Exception {
    HealthGrpc.newBlockingStub(server.channel()).check(HealthCheckRequest.getDefaultInstance());
    server.close();
    assertThat(lines.rest()).isEmpty();
  }
}

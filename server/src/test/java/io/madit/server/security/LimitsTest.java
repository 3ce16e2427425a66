package io.madit.server.security;

import static io.madit.server.security.SecureServer.stub;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.madit.server.config.ConnectionConfig;
import io.madit.server.config.SecurityConfig;
import io.madit.v1.GetModelRequest;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LimitsTest {
  // HTTP/2: the type of a frame, and two of its entries.
  private static final byte SETTINGS = 4;
  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final int MAX_HEADER_LIST_SIZE = 6;

  private static ConnectionConfig limits(int metadataBytes, int streams) {
    ConnectionConfig usual = ConnectionConfig.DEFAULT;
    return new ConnectionConfig(
        metadataBytes,
        streams,
        usual.keepAlive(),
        usual.keepAliveTimeout(),
        usual.permitKeepAlive(),
        usual.maxIdle(),
        usual.maxAge(),
        usual.maxAgeGrace());
  }

  private static Status.Code codeOf(Runnable call) {
    try {
      call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  @Test
  void metadata_beyondTheBound_isRefusedAndTheConnectionLives() throws Exception {
    try (SecureServer server = SecureServer.start(SecurityConfig.LOCAL, limits(2048, 10), false)) {
      Channel channel = server.plain();
      GetModelRequest request = GetModelRequest.getDefaultInstance();
      assertThat(stub(channel).getModel(request).hasModel()).isTrue();
      Channel large = ClientInterceptors.intercept(channel, SecureServer.bearer("x".repeat(4096)));
      assertThatThrownBy(() -> stub(large).getModel(request))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(stub(channel).getModel(request).hasModel()).isTrue();
    }
  }

  @Test
  void connection_announcesItsBounds() throws Exception {
    try (SecureServer server = SecureServer.start(SecurityConfig.LOCAL, limits(2048, 7), false)) {
      assertThat(http2Settings(server.port()))
          .containsEntry(MAX_CONCURRENT_STREAMS, 7)
          .containsEntry(MAX_HEADER_LIST_SIZE, 2048);
    }
  }

  /** The SETTINGS frame that opens every HTTP/2 connection, by RFC 9113. */
  private static Map<Integer, Integer> http2Settings(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        DataInputStream in = new DataInputStream(socket.getInputStream())) {
      socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      socket.getOutputStream().write(new byte[] {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0});
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      assertThat(in.readByte()).isEqualTo(SETTINGS);
      in.skipNBytes(5);
      Map<Integer, Integer> settings = new HashMap<>();
      for (int i = 0; i < length; i += 6) {
        settings.put(in.readUnsignedShort(), in.readInt());
      }
      return settings;
    }
  }

  @Test
  void diagnosis_isServedWhenAskedFor() throws Exception {
    assertDiagnosis(true, Status.Code.OK);
    assertDiagnosis(false, Status.Code.UNIMPLEMENTED);
  }

  private static void assertDiagnosis(boolean on, Status.Code code) throws Exception {
    SecurityConfig security = new SecurityConfig(Optional.empty(), Optional.empty(), false, on);
    try (SecureServer server = SecureServer.start(security, ConnectionConfig.DEFAULT, on)) {
      Channel channel = server.plain();
      assertThat(codeOf(() -> reflect(channel))).isEqualTo(code);
      assertThat(
              codeOf(
                  () ->
                      ChannelzGrpc.newBlockingStub(channel)
                          .getServers(GetServersRequest.getDefaultInstance())))
          .isEqualTo(code);
    }
  }

  @Test
  void everyServedService_isInTheTableOfAccess() throws Exception {
    try (SecureServer server =
        SecureServer.start(SecurityConfig.LOCAL, ConnectionConfig.DEFAULT, true)) {
      assertThat(reflect(server.plain()).getListServicesResponse().getServiceList())
          .isNotEmpty()
          .allSatisfy(service -> assertThat(Access.ofService(service.getName())).isPresent());
    }
  }

  private static ServerReflectionResponse reflect(Channel channel) {
    var call =
        channel.newCall(ServerReflectionGrpc.getServerReflectionInfoMethod(), CallOptions.DEFAULT);
    return ClientCalls.blockingServerStreamingCall(
            call, ServerReflectionRequest.newBuilder().setListServices("").build())
        .next();
  }
}

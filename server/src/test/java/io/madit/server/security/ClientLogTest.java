package io.madit.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.stub.MetadataUtils;
import io.madit.server.config.ConnectionConfig;
import io.madit.server.config.SecurityConfig;
import io.madit.server.testing.AccessLines;
import io.madit.v1.GetModelRequest;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who called, in the access log; and what those learn who may not call. */
class ClientLogTest {
  private static final String TOKEN = "painter-token-0123456789";

  @TempDir Path folder;
  private AccessLines lines;
  private SecureServer server;

  @BeforeEach
  void start() throws Exception {
    Path tokens = folder.resolve("tokens");
    TestAuthority.write(tokens, "painter " + TOKEN + "\n");
    lines = new AccessLines();
    server =
        SecureServer.start(
            new SecurityConfig(Optional.empty(), Optional.of(tokens), false, true),
            ConnectionConfig.DEFAULT,
            true);
  }

  @AfterEach
  void stop() {
    server.close();
    lines.close();
  }

  private Channel painter() {
    return ClientInterceptors.intercept(server.plain(), SecureServer.bearer(TOKEN));
  }

  private Metadata trailersOfGetModel(Channel channel) {
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    var stub =
        SecureServer.stub(channel)
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers));
    try {
      assertThat(stub.getModel(GetModelRequest.getDefaultInstance()).hasModel()).isTrue();
    } catch (StatusRuntimeException refused) {
      assertThat(refused).hasMessageContaining("UNAUTHENTICATED");
    }
    return trailers.get();
  }

  @Test
  void line_namesTheToken() throws Exception {
    assertThat(trailersOfGetModel(painter()).keys()).contains("endpoint-load-metrics-bin");
    assertThat(lines.next().path("client").asText()).isEqualTo("token:painter");
  }

  @Test
  void line_ofARefusedCallerHasItsAddressAndTheReason() throws Exception {
    assertThat(trailersOfGetModel(server.plain()).keys())
        .doesNotContain("endpoint-load-metrics-bin");
    JsonNode line = lines.next();
    assertThat(line.path("client").asText()).startsWith("127.0.0.1:");
    assertThat(line.path("code").asText()).isEqualTo("UNAUTHENTICATED");
    assertThat(line.path("outcome").asText()).isEqualTo("unauthenticated");
    assertThat(line.path("reason").asText()).isEqualTo("UNAUTHENTICATED");
  }

  @Test
  void line_isWrittenForARefusedLookAtTheInside() throws Exception {
    var stub = ChannelzGrpc.newBlockingStub(painter());
    assertThatThrownBy(() -> stub.getServers(GetServersRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);
    JsonNode line = lines.next();
    assertThat(line.path("method").asText()).isEqualTo("grpc.channelz.v1.Channelz/GetServers");
    assertThat(line.path("client").asText()).isEqualTo("token:painter");
    assertThat(line.path("code").asText()).isEqualTo("PERMISSION_DENIED");
  }
}

package io.madit.server.security;

import static io.madit.server.security.SecureServer.bearer;
import static io.madit.server.security.SecureServer.stub;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.madit.server.config.SecurityConfig;
import io.madit.v1.GetModelRequest;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenTest {
  private static final String PAINTER = "painter-token-0123456789";
  private static final String ADMIN = "admin-token-0123456789";
  private static final String HASHED = "hashed-token-0123456789";

  @TempDir Path folder;
  private Path file;
  private SecureServer server;

  @BeforeEach
  void start() throws Exception {
    file = folder.resolve("tokens");
    // The digest is `printf %s hashed-token-0123456789 | sha256sum`.
    TestAuthority.write(
        file,
        "# clients\n\npainter "
            + PAINTER
            + "\noperator "
            + ADMIN
            + " admin\nother sha256:"
            + "b22fd458dbe2426bebe59cfafe4c46e013df3efd439e4d91cda767ac3052ddd0"
            + " draw,admin\n");
    server =
        SecureServer.start(new SecurityConfig(Optional.empty(), Optional.of(file), false, true));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Channel with(String token) {
    return ClientInterceptors.intercept(server.plain(), bearer(token));
  }

  private static void draw(Channel channel) {
    TokenizeResponse unused = stub(channel).tokenize(TokenizeRequest.getDefaultInstance());
  }

  private static void describe(Channel channel) {
    assertThat(stub(channel).getModel(GetModelRequest.getDefaultInstance()).getModel().getName())
        .isEqualTo("pico-buffer");
  }

  private static void assertRefused(ThrowingCallable call, Status.Code code, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).contains(message);
              assertThat(reason(e)).isEqualTo(code.name());
            });
  }

  private static String reason(StatusRuntimeException e) {
    try {
      ErrorInfo info = StatusProto.fromThrowable(e).getDetails(0).unpack(ErrorInfo.class);
      assertThat(info.getDomain()).isEqualTo("madit.dev");
      return info.getReason();
    } catch (InvalidProtocolBufferException invalid) {
      throw new AssertionError(invalid);
    }
  }

  /** The call got through: its content is what is refused. */
  private static void assertMayDraw(Channel channel) {
    assertThatThrownBy(() -> draw(channel)).hasMessageContaining("INVALID_ARGUMENT");
  }

  @Test
  void token_missingOrWrong_isUnauthenticated() {
    assertRefused(
        () -> draw(server.plain()),
        Status.Code.UNAUTHENTICATED,
        "this call needs a bearer token or a client certificate");
    assertRefused(
        () -> describe(with("wrong-token-0123456789")),
        Status.Code.UNAUTHENTICATED,
        "the bearer token is not known");
  }

  @Test
  void token_right_isAnswered() {
    describe(with(PAINTER));
    assertMayDraw(with(PAINTER));
    assertMayDraw(with(HASHED));
  }

  @Test
  void token_withoutTheScope_isDenied() {
    Channel operator = with(ADMIN);
    describe(operator);
    assertRefused(
        () -> draw(operator),
        Status.Code.PERMISSION_DENIED,
        "client token:operator may not call this; it needs the scope draw");
    GetServersRequest servers = GetServersRequest.getDefaultInstance();
    assertThat(ChannelzGrpc.newBlockingStub(operator).getServers(servers).getServerCount())
        .isPositive();
    assertRefused(
        () -> {
          var unused = ChannelzGrpc.newBlockingStub(with(PAINTER)).getServers(servers);
        },
        Status.Code.PERMISSION_DENIED,
        "it needs the scope admin");
  }

  @Test
  void health_withoutToken_isAnswered() {
    assertThat(
            HealthGrpc.newBlockingStub(server.plain())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void reflection_needsAToken() {
    assertRefused(
        () -> reflect(server.plain()), Status.Code.UNAUTHENTICATED, "needs a bearer token");
    assertThat(reflect(with(PAINTER)).getListServicesResponse().getServiceCount()).isPositive();
  }

  private static ServerReflectionResponse reflect(Channel channel) {
    var call =
        channel.newCall(
            ServerReflectionGrpc.getServerReflectionInfoMethod(), io.grpc.CallOptions.DEFAULT);
    return ClientCalls.blockingServerStreamingCall(
            call, ServerReflectionRequest.newBuilder().setListServices("").build())
        .next();
  }

  @Test
  void reload_changedFile_isInForceForOpenConnectionsToo() {
    Channel painter = with(PAINTER);
    assertMayDraw(painter);
    String later = "later-token-0123456789";
    TestAuthority.write(file, "painter " + later + "\n");
    server.reload();
    assertRefused(() -> draw(painter), Status.Code.UNAUTHENTICATED, "is not known");
    assertMayDraw(with(later));
    TestAuthority.write(file, "painter " + later + " admin\n");
    server.reload();
    assertRefused(() -> draw(with(later)), Status.Code.PERMISSION_DENIED, "the scope draw");
  }

  @Test
  void reload_unusableFile_keepsTheOldTokens() {
    try (RecordedLog log = RecordedLog.start()) {
      TestAuthority.write(file, "painter secret\n");
      server.reload();
      assertMayDraw(with(PAINTER));
      assertThat(log.warnings())
          .singleElement()
          .asString()
          .contains("--auth-tokens", "tokens: line 1: the token must be 16 to 1024")
          .doesNotContain("secret");
    }
  }
}

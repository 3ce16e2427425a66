package io.madit.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.server.security.Client.Kind;
import io.madit.v1.VisualTokenServiceGrpc;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AccessTest {
  @Test
  void of_everyMethodOfTheService_drawsOrDescribes() {
    for (MethodDescriptor<?, ?> method :
        VisualTokenServiceGrpc.getServiceDescriptor().getMethods()) {
      assertThat(Access.of(method.getFullMethodName()))
          .as(method.getFullMethodName())
          .isEqualTo(
              Set.of("ListModels", "GetModel").contains(method.getBareMethodName())
                  ? Access.KNOWN
                  : Access.DRAW);
    }
  }

  @Test
  void of_everyMethodOfTheOpenInferenceProtocol_isGivenOrClosed() {
    for (MethodDescriptor<?, ?> method :
        GRPCInferenceServiceGrpc.getServiceDescriptor().getMethods()) {
      Access expected =
          switch (method.getBareMethodName()) {
            case "ServerLive", "ServerReady" -> Access.OPEN;
            case "ModelInfer", "ModelStreamInfer" -> Access.DRAW;
            case "ModelReady",
                "ServerMetadata",
                "ModelMetadata",
                "ModelConfig",
                "ModelStatistics",
                "RepositoryIndex" ->
                Access.KNOWN;
            default -> Access.ADMIN;
          };
      assertThat(Access.of(method.getFullMethodName()))
          .as(method.getFullMethodName())
          .isEqualTo(expected);
    }
  }

  @Test
  void of_health_isOpen() {
    assertThat(Access.of(HealthGrpc.getWatchMethod().getFullMethodName())).isEqualTo(Access.OPEN);
  }

  @Test
  void of_unknownMethod_isClosed() {
    assertThat(Access.of("other.Service/Method")).isEqualTo(Access.ADMIN);
  }

  @Test
  void allows_asksForScopesOnly() {
    Client admin = new Client(Kind.TOKEN, "a", Set.of(Scope.ADMIN));
    Client peer = Client.peer("10.0.0.1");
    assertThat(Access.OPEN.allows(peer)).isTrue();
    assertThat(Access.KNOWN.allows(peer)).isFalse();
    assertThat(Access.KNOWN.allows(admin)).isTrue();
    assertThat(Access.DRAW.allows(admin)).isFalse();
    assertThat(Access.ADMIN.allows(admin)).isTrue();
  }
}

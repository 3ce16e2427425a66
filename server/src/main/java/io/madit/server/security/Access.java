package io.madit.server.security;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a method asks of its caller, where callers must be known. */
public enum Access {
  /** Anybody, so that probes need no secret. */
  OPEN,
  /** Any authenticated client. */
  KNOWN,
  /** A client with {@link Scope#DRAW}. */
  DRAW,
  /** A client with {@link Scope#ADMIN}. */
  ADMIN;

  private static final String INFERENCE = "inference.GRPCInferenceService/";

  private static final Map<String, Access> SERVICES =
      Map.of(
          "grpc.health.v1.Health", OPEN,
          "grpc.reflection.v1.ServerReflection", KNOWN,
          "grpc.reflection.v1alpha.ServerReflection", KNOWN,
          "xds.service.orca.v3.OpenRcaService", KNOWN,
          "madit.v1.VisualTokenService", DRAW,
          "grpc.channelz.v1.Channelz", ADMIN,
          "inference.GRPCInferenceService", ADMIN);

  /** Methods that differ from their service. */
  private static final Map<String, Access> METHODS =
      Map.ofEntries(
          Map.entry("madit.v1.VisualTokenService/ListModels", KNOWN),
          Map.entry("madit.v1.VisualTokenService/GetModel", KNOWN),
          Map.entry(INFERENCE + "ServerLive", OPEN),
          Map.entry(INFERENCE + "ServerReady", OPEN),
          Map.entry(INFERENCE + "ModelReady", KNOWN),
          Map.entry(INFERENCE + "ServerMetadata", KNOWN),
          Map.entry(INFERENCE + "ModelMetadata", KNOWN),
          Map.entry(INFERENCE + "ModelConfig", KNOWN),
          Map.entry(INFERENCE + "ModelStatistics", KNOWN),
          Map.entry(INFERENCE + "RepositoryIndex", KNOWN),
          Map.entry(INFERENCE + "ModelInfer", DRAW),
          Map.entry(INFERENCE + "ModelStreamInfer", DRAW));

  /** What is asked for {@code SERVICE/METHOD}. A method that nobody thought of is closed. */
  public static Access of(String method) {
    Access own = METHODS.get(method);
    return own != null ? own : ofService(method.substring(0, method.indexOf('/'))).orElse(ADMIN);
  }

  static Optional<Access> ofService(String service) {
    return Optional.ofNullable(SERVICES.get(service));
  }

  /** For messages. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether {@code client} has what is asked. */
  public boolean allows(Client client) {
    return switch (this) {
      case OPEN -> true;
      case KNOWN -> client.isAuthenticated();
      case DRAW -> client.scopes().contains(Scope.DRAW);
      case ADMIN -> client.scopes().contains(Scope.ADMIN);
    };
  }
}

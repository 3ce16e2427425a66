package io.madit.server.rpc;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.madit.server.security.Client;
import io.madit.server.security.ServerSecurity;
import io.madit.server.telemetry.RequestObservation;
import java.util.Optional;

/**
 * Puts the caller into the call's context, and its name into the call's observation. It refuses
 * nobody, so that a log behind it also sees who is refused. Must be the outermost interceptor.
 */
public final class IdentityInterceptor implements ServerInterceptor {
  static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final ServerSecurity security;

  public IdentityInterceptor(ServerSecurity security) {
    this.security = security;
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    Attributes attributes = call.getAttributes();
    Client client =
        security.identify(
            Optional.ofNullable(headers.get(AUTHORIZATION)),
            Optional.ofNullable(attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION)),
            attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    if (client.isAuthenticated()) {
      RequestObservation.ofCall().client(client.id());
    }
    Context context = Context.current().withValue(Client.KEY, client);
    return Contexts.interceptCall(context, call, headers, next);
  }
}

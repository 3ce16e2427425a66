package io.madit.server.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.madit.server.security.Access;
import io.madit.server.security.Client;
import io.madit.server.telemetry.RequestObservation;

/** Refuses callers who may not call the method. Runs behind {@link IdentityInterceptor}. */
public final class AccessInterceptor implements ServerInterceptor {
  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    Access access = Access.of(call.getMethodDescriptor().getFullMethodName());
    Client client = Client.current();
    if (access.allows(client)) {
      return next.startCall(call, headers);
    }
    RequestFailure refusal = refusal(access, client, headers);
    CallContext.note(RequestObservation.ofCall(), refusal.code());
    StatusRuntimeException answer = Statuses.exception(refusal);
    call.close(answer.getStatus(), answer.getTrailers());
    return new ServerCall.Listener<>() {};
  }

  private static RequestFailure refusal(Access access, Client client, Metadata headers) {
    if (client.isAuthenticated()) {
      return RequestFailure.of(
          ErrorCode.PERMISSION_DENIED,
          "client " + client.id() + " may not call this; it needs the scope " + access.label());
    }
    return RequestFailure.of(
        ErrorCode.UNAUTHENTICATED,
        headers.containsKey(IdentityInterceptor.AUTHORIZATION)
            ? "the bearer token is not known"
            : "this call needs a bearer token or a client certificate");
  }
}

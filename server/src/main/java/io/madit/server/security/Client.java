package io.madit.server.security;

import io.grpc.Context;
import java.util.Locale;
import java.util.Set;

/**
 * The caller of the current call, for quotas and the log. It is there in every call of the gRPC
 * port, refused ones too.
 *
 * @param kind how the name is known
 * @param name of the token, of the certificate, or the peer's address without its port
 * @param scopes what it may do
 */
public record Client(Kind kind, String name, Set<Scope> scopes) {
  /** How a client is known. */
  public enum Kind {
    TOKEN,
    CERTIFICATE,
    /** Not authenticated. */
    PEER
  }

  /** Set by the outermost interceptor. */
  public static final Context.Key<Client> KEY = Context.key("madit-client");

  private static final Client UNKNOWN = peer("unknown");

  public Client {
    scopes = Set.copyOf(scopes);
  }

  static Client peer(String address) {
    return new Client(Kind.PEER, address, Set.of());
  }

  /** The caller of the current call; outside a call a peer named unknown. */
  public static Client current() {
    Client client = KEY.get();
    return client == null ? UNKNOWN : client;
  }

  /** A name that no client of another kind can have: {@code token:alice}. */
  public String id() {
    return kind.name().toLowerCase(Locale.ROOT) + ":" + name;
  }

  /** Whether a token or a certificate vouches for the name. */
  public boolean isAuthenticated() {
    return kind != Kind.PEER;
  }
}

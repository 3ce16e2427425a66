package io.madit.server.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * TLS of the gRPC port. All files are PEM and are read again when they change.
 *
 * @param certificate the server's, with the chain up to the root's child
 * @param key PKCS#8, not encrypted
 * @param clientAuthority authorities of client certificates; empty: no client is asked for one
 * @param clientAuth whether a connection without a client certificate is refused
 */
public record TlsConfig(
    Path certificate, Path key, Optional<Path> clientAuthority, ClientAuth clientAuth) {
  /** What a client without a certificate may do. */
  public enum ClientAuth {
    /** Nothing: its handshake fails. */
    REQUIRE,
    /** Connect, for health checks and with a bearer token. */
    OPTIONAL
  }
}

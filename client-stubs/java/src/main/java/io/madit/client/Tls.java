package io.madit.client;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What to trust and what to show. All files are PEM.
 *
 * @param authorities authorities of the server's certificate; empty: those of the JVM
 * @param certificate the client's certificate with its chain, for mutual TLS
 * @param key the key of that certificate, PKCS#8 without a password
 */
public record Tls(Optional<Path> authorities, Optional<Path> certificate, Optional<Path> key) {
  public Tls {
    if (certificate.isPresent() != key.isPresent()) {
      throw new IllegalArgumentException("certificate and key must be given together");
    }
  }

  /** Trusts what the JVM trusts. */
  public static Tls system() {
    return new Tls(Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Trusts these authorities only. */
  public static Tls trusting(Path authorities) {
    return new Tls(Optional.of(authorities), Optional.empty(), Optional.empty());
  }

  /** The same with a certificate of the client's own. */
  public Tls showing(Path clientCertificate, Path clientKey) {
    return new Tls(authorities, Optional.of(clientCertificate), Optional.of(clientKey));
  }

  /** Reads the files. */
  ChannelCredentials credentials() throws IOException {
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    if (authorities.isPresent()) {
      credentials.trustManager(authorities.get().toFile());
    }
    if (certificate.isPresent()) {
      credentials.keyManager(certificate.get().toFile(), key.orElseThrow().toFile());
    }
    return credentials.build();
  }
}

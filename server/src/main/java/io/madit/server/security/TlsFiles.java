package io.madit.server.security;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.madit.server.config.ConfigException;
import io.madit.server.config.TlsConfig;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server's certificate and the authorities of its clients, for connections to come. */
final class TlsFiles {
  private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);

  /** A resumed session is not checked against the authorities again. */
  private static final int SESSION_SECONDS = 300;

  private final AdvancedTlsX509KeyManager own = new AdvancedTlsX509KeyManager();
  private final Optional<AdvancedTlsX509TrustManager> clients;
  private final List<WatchedFiles> watched = new ArrayList<>();
  private final TlsConfig config;

  private TlsFiles(TlsConfig config) throws ConfigException {
    this.config = config;
    watched.add(
        WatchedFiles.open(
            "--tls-certificate, --tls-key",
            List.of(config.certificate(), config.key()),
            contents -> useOwn(contents.get(0), contents.get(1))));
    clients = config.clientAuthority().isPresent() ? Optional.of(verifier()) : Optional.empty();
    if (clients.isPresent()) {
      watched.add(
          WatchedFiles.open(
              "--tls-client-ca",
              List.of(config.clientAuthority().get()),
              contents -> useAuthorities(contents.get(0))));
    }
  }

  static TlsFiles open(TlsConfig config) throws ConfigException {
    return new TlsFiles(config);
  }

  /** Reads what has changed. */
  void check() {
    watched.forEach(WatchedFiles::check);
  }

  /**
   * For the gRPC port. Java's own TLS is used because it asks the managers at every handshake;
   * Netty's OpenSSL copies the names of the authorities once.
   */
  SslContext context() {
    SslContextBuilder builder =
        GrpcSslContexts.configure(SslContextBuilder.forServer(own), SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .sessionTimeout(SESSION_SECONDS);
    clients.ifPresent(trusted -> builder.trustManager(trusted).clientAuth(clientAuth()));
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalStateException("TLS cannot be set up: " + e.getMessage(), e);
    }
  }

  private ClientAuth clientAuth() {
    return switch (config.clientAuth()) {
      case REQUIRE -> ClientAuth.REQUIRE;
      case OPTIONAL -> ClientAuth.OPTIONAL;
    };
  }

  private void useOwn(byte[] certificatePem, byte[] keyPem) throws ConfigException {
    X509Certificate[] chain = Pem.certificates(certificatePem);
    PrivateKey key = Pem.key(keyPem);
    if (!Pem.match(key, chain[0].getPublicKey())) {
      throw new ConfigException("the key does not belong to the certificate");
    }
    own.updateIdentityCredentials(chain, key);
    Instant end = chain[0].getNotAfter().toInstant();
    LOG.info("certificate of {}, valid until {}", ClientCertificates.name(chain[0]), end);
    if (end.isBefore(Instant.now())) {
      LOG.warn("the certificate has expired: clients will refuse it");
    }
  }

  private void useAuthorities(byte[] pem) throws ConfigException {
    try {
      clients.orElseThrow().updateTrustCredentials(Pem.certificates(pem));
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigException("cannot be used: " + e.getMessage());
    }
  }

  private static AdvancedTlsX509TrustManager verifier() {
    try {
      return AdvancedTlsX509TrustManager.newBuilder()
          .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
          .build();
    } catch (CertificateException e) {
      throw new IllegalStateException(e);
    }
  }
}

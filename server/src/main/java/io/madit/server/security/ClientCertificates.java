package io.madit.server.security;

import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Names in certificates. */
final class ClientCertificates {
  /** Kinds of alternative names in RFC 5280. */
  private static final int DNS = 2;

  private static final int URI = 6;

  private ClientCertificates() {}

  /** The name of a connection's verified client certificate. */
  static Optional<String> name(SSLSession session) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      return Optional.of(name((X509Certificate) chain[0]));
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }

  /** The first URI (SPIFFE), else the first DNS name, else the subject. */
  static String name(X509Certificate certificate) {
    return alternative(certificate, URI)
        .or(() -> alternative(certificate, DNS))
        .orElseGet(() -> certificate.getSubjectX500Principal().getName());
  }

  private static Optional<String> alternative(X509Certificate certificate, int kind) {
    Collection<List<?>> names;
    try {
      names = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      return Optional.empty();
    }
    return names == null
        ? Optional.empty()
        : names.stream()
            .filter(name -> name.get(0).equals(kind))
            .map(name -> (String) name.get(1))
            .findFirst();
  }
}

package io.madit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server that wants TLS, a client certificate and a token. */
class SecurityTest {
  private static final String TOKEN = "painter-token-0123456789";

  @TempDir Path folder;

  private Path write(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  private static void assertRefused(MaditClientBuilder builder, Status.Code code) {
    try (MaditClient client = builder.retry(RetryPolicy.standard()).build()) {
      assertThatThrownBy(client::models)
          .isInstanceOfSatisfying(MaditException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
  }

  @Test
  void tlsCertificateAndToken_openTheServer_nothingLessDoes() throws Exception {
    HeldCertificate root = new HeldCertificate.Builder().certificateAuthority(0).build();
    HeldCertificate own =
        new HeldCertificate.Builder().addSubjectAlternativeName("localhost").signedBy(root).build();
    HeldCertificate client = new HeldCertificate.Builder().signedBy(root).build();
    Path ca = write("ca.crt", root.certificatePem());
    Path certificate = write("client.crt", client.certificatePem());
    Path key = write("client.key", client.privateKeyPkcs8Pem());
    try (RealServer server =
        new RealServer(
            "--tls-certificate",
            write("tls.crt", own.certificatePem()).toString(),
            "--tls-key",
            write("tls.key", own.privateKeyPkcs8Pem()).toString(),
            "--tls-client-ca",
            ca.toString(),
            "--auth-tokens",
            write("tokens", "painter " + TOKEN + "\n").toString())) {
      Tls tls = Tls.trusting(ca).showing(certificate, key);
      try (MaditClient known =
          MaditClient.builder(server.address()).tls(tls).token(TOKEN).build()) {
        assertThat(known.models()).hasSize(1);
      }
      assertRefused(
          MaditClient.builder(server.address()).tls(tls).token(TOKEN + "x"),
          Status.Code.UNAUTHENTICATED);
      assertRefused(MaditClient.builder(server.address()).tls(tls), Status.Code.UNAUTHENTICATED);
      assertRefused(
          MaditClient.builder(server.address()).tls(Tls.trusting(ca)).token(TOKEN),
          Status.Code.UNAVAILABLE);
      assertRefused(
          MaditClient.builder(server.address()).tls(Tls.system()).token(TOKEN),
          Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void tls_halfAPair_isRefused() {
    assertThatThrownBy(
            () ->
                new Tls(
                    java.util.Optional.empty(),
                    java.util.Optional.of(folder),
                    java.util.Optional.empty()))
        .hasMessage("certificate and key must be given together");
    assertThatThrownBy(() -> MaditClient.builder("a").tls(Tls.trusting(folder.resolve("none"))))
        .hasMessageStartingWith("cannot read the TLS files: ");
  }
}

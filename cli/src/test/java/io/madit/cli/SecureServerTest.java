package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands against a server that wants TLS, a client certificate and a token. */
class SecureServerTest {
  private static final String TOKEN = "painter-token-0123456789";

  @TempDir Path folder;
  private FakeServer server;

  @BeforeEach
  void start() throws Exception {
    HeldCertificate root = new HeldCertificate.Builder().certificateAuthority(0).build();
    HeldCertificate own =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").signedBy(root).build();
    HeldCertificate client = new HeldCertificate.Builder().signedBy(root).build();
    write("ca.crt", root.certificatePem());
    write("client.crt", client.certificatePem());
    write("client.key", client.privateKeyPkcs8Pem());
    write("token", TOKEN + "\n");
    server =
        new FakeServer(
            TlsServerCredentials.newBuilder()
                .keyManager(stream(own.certificatePem()), stream(own.privateKeyPkcs8Pem()))
                .trustManager(stream(root.certificatePem()))
                .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                .build(),
            List.of(new TokenCheck()));
    PictureFile.writePng(TestPictures.gradient(8, 8), folder.resolve("a.png"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Refuses calls without the token. */
  private static final class TokenCheck implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      String given =
          headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
      if (("Bearer " + TOKEN).equals(given)) {
        return next.startCall(call, headers);
      }
      call.close(Status.UNAUTHENTICATED.withDescription("no token"), new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }

  private void write(String name, String text) throws Exception {
    Files.writeString(folder.resolve(name), text);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private Terminal tokenize(String... credentials) {
    List<String> arguments =
        new ArrayList<>(List.of("tokenize", path("a.png"), "--server", server.address()));
    arguments.addAll(List.of(credentials));
    return Terminal.run(arguments.toArray(String[]::new));
  }

  @Test
  void tokenize_withEverythingThatIsAskedFor_isAnswered() {
    Terminal done =
        tokenize(
            "--tls-ca",
            path("ca.crt"),
            "--tls-certificate",
            path("client.crt"),
            "--tls-key",
            path("client.key"),
            "--token-file",
            path("token"));
    assertThat(done.code()).as(done.err()).isZero();
    assertThat(done.out()).startsWith("0");
  }

  @Test
  void tokenize_withoutToken_saysSo() {
    Terminal refused =
        tokenize(
            "--tls-ca",
            path("ca.crt"),
            "--tls-certificate",
            path("client.crt"),
            "--tls-key",
            path("client.key"));
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains("no token");
  }

  @Test
  void tokenize_unusableOptions_areRefused() {
    assertThat(tokenize("--tls-key", path("client.key")).err())
        .contains("--tls-certificate and --tls-key need each other");
    assertThat(tokenize("--token-file", path("none")).err()).contains("none: no such file");
    assertThat(tokenize("--tls-ca", path("none")).err()).contains("cannot read the TLS files");
    assertThat(Terminal.run("tokenize", path("a.png"), "--tls").err())
        .contains("TLS and token options need --server");
  }
}

package io.madit.server.security;

import static io.madit.server.security.SecureServer.stub;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.madit.server.config.ConfigException;
import io.madit.server.config.SecurityConfig;
import io.madit.server.config.TlsConfig;
import io.madit.server.config.TlsConfig.ClientAuth;
import io.madit.v1.GetModelRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
  private static final GetModelRequest CALL = GetModelRequest.getDefaultInstance();
  private static TestAuthority servers;
  private static TestAuthority clients;
  private static TestAuthority strangers;

  @TempDir Path folder;

  @BeforeAll
  static void makeAuthorities() {
    servers = new TestAuthority("servers");
    clients = new TestAuthority("clients");
    strangers = new TestAuthority("strangers");
  }

  @BeforeEach
  void writeFiles() {
    TestAuthority.write(folder, servers.server(), clients);
  }

  private SecureServer start() throws Exception {
    return start(Optional.empty(), ClientAuth.REQUIRE);
  }

  private SecureServer startMutual(ClientAuth auth) throws Exception {
    return start(Optional.of(folder.resolve("ca.crt")), auth);
  }

  private SecureServer start(Optional<Path> authority, ClientAuth auth) throws Exception {
    TlsConfig tls =
        new TlsConfig(folder.resolve("tls.crt"), folder.resolve("tls.key"), authority, auth);
    return SecureServer.start(new SecurityConfig(Optional.of(tls), Optional.empty(), false, false));
  }

  private static void assertAnswers(Channel channel) {
    assertThat(stub(channel).getModel(CALL).getModel().getName()).isEqualTo("pico-buffer");
  }

  private static void assertNoConnection(Channel channel) {
    assertStatus(channel, Status.Code.UNAVAILABLE);
  }

  private static void assertStatus(Channel channel, Status.Code code) {
    assertThatThrownBy(() -> stub(channel).getModel(CALL))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code));
  }

  @Test
  void tls_clientThatTrustsTheAuthority_isAnswered() throws Exception {
    try (SecureServer server = start()) {
      assertAnswers(server.trusting(servers));
    }
  }

  @Test
  void tls_bothProtocols_areAnswered() throws Exception {
    try (SecureServer server = start()) {
      assertAnswers(server.tls(SecureServer.context(servers).protocols("TLSv1.2")));
      assertAnswers(server.tls(SecureServer.context(servers).protocols("TLSv1.3")));
    }
  }

  @Test
  void tls_clientOfAnotherAuthorityOrInPlainText_hasNoConnection() throws Exception {
    try (SecureServer server = start()) {
      assertNoConnection(server.trusting(strangers));
      assertNoConnection(server.plain());
    }
  }

  @Test
  void reload_newCertificate_isShownToNewConnections() throws Exception {
    TestAuthority later = new TestAuthority("later");
    try (SecureServer server = start()) {
      Channel before = server.trusting(servers);
      assertAnswers(before);
      TestAuthority.write(folder, later.server(), clients);
      server.reload();
      assertAnswers(server.trusting(later));
      assertNoConnection(server.trusting(servers));
      assertAnswers(before);
    }
  }

  @Test
  void reload_unusableFiles_keepTheOldCertificateAndWarnOnce() throws Exception {
    try (SecureServer server = start();
        RecordedLog log = RecordedLog.start()) {
      TestAuthority.write(folder.resolve("tls.crt"), strangers.server().certificatePem());
      server.reload();
      server.reload();
      assertAnswers(server.trusting(servers));
      Files.delete(folder.resolve("tls.key"));
      server.reload();
      server.reload();
      assertAnswers(server.trusting(servers));
      assertThat(log.warnings())
          .satisfiesExactly(
              line ->
                  assertThat(line)
                      .contains("tls.crt", "the key does not belong to the certificate")
                      .contains("what was read before stays in force"),
              line -> assertThat(line).contains("tls.key: no such file"));
    }
  }

  @Test
  void mutual_knownCertificate_isAnsweredAndNamed() throws Exception {
    try (SecureServer server = startMutual(ClientAuth.REQUIRE)) {
      Channel channel = server.trusting(servers, clients.client("spiffe://shop/painter"));
      assertAnswers(channel);
      assertThatThrownBy(
              () ->
                  ChannelzGrpc.newBlockingStub(channel)
                      .getServers(GetServersRequest.getDefaultInstance()))
          .hasMessageContaining("PERMISSION_DENIED")
          .hasMessageContaining("client certificate:spiffe://shop/painter may not call this");
    }
  }

  @Test
  void mutual_noCertificateOrOneOfAnotherAuthority_hasNoConnection() throws Exception {
    try (SecureServer server = startMutual(ClientAuth.REQUIRE)) {
      assertNoConnection(server.trusting(servers));
      assertNoConnection(server.trusting(servers, strangers.client("painter.example")));
    }
  }

  @Test
  void mutualOptional_noCertificate_mayOnlyCheckHealth() throws Exception {
    try (SecureServer server = startMutual(ClientAuth.OPTIONAL)) {
      Channel unknown = server.trusting(servers);
      assertThat(
              HealthGrpc.newBlockingStub(unknown)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
      assertStatus(unknown, Status.Code.UNAUTHENTICATED);
      assertAnswers(server.trusting(servers, clients.client("painter.example")));
    }
  }

  @Test
  void reload_newClientAuthority_decidesOnNewConnections() throws Exception {
    TestAuthority later = new TestAuthority("later clients");
    try (SecureServer server = startMutual(ClientAuth.REQUIRE)) {
      TestAuthority.write(folder.resolve("ca.crt"), later.root().certificatePem());
      server.reload();
      assertAnswers(server.trusting(servers, later.client("painter.example")));
      assertNoConnection(server.trusting(servers, clients.client("painter.example")));
    }
  }

  @Test
  void start_unusableFiles_areRefusedByName() throws Exception {
    HeldCertificate other = strangers.server();
    assertRefused("tls.key", other.privateKeyPkcs8Pem(), "the key does not belong to the certific");
    assertRefused(
        "tls.key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", "PKCS#8 without a password");
    assertRefused("tls.crt", "", "must have a PEM certificate, has none");
    assertRefused("ca.crt", "-----BEGIN CERTIFICATE-----\nx\n", "must have PEM certificates");
    Files.delete(folder.resolve("tls.crt"));
    assertThatThrownBy(() -> startMutual(ClientAuth.REQUIRE))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("--tls-certificate", "tls.crt: no such file");
  }

  private void assertRefused(String file, String content, String problem) throws Exception {
    String before = Files.readString(folder.resolve(file));
    TestAuthority.write(folder.resolve(file), content);
    assertThatThrownBy(() -> startMutual(ClientAuth.REQUIRE))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("--tls-", file, problem);
    TestAuthority.write(folder.resolve(file), before);
  }
}

package io.madit.server.security;

import static io.madit.server.security.SecureServer.bearer;
import static io.madit.server.security.SecureServer.stub;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.ContextInitializer;
import io.grpc.ClientInterceptors;
import io.grpc.StatusRuntimeException;
import io.madit.server.config.SecurityConfig;
import io.madit.server.config.TlsConfig;
import io.madit.server.config.TlsConfig.ClientAuth;
import io.madit.v1.GetModelRequest;
import io.madit.v1.TokenizeRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** The log as it is configured when it runs, but with everything in it that can be turned on. */
class SecretsTest {
  private static final String TOKEN = "known-token-0123456789";
  private static final String WRONG = "wrong-token-0123456789";
  private static final String LATER = "later token with too many words";

  private static final java.util.logging.Logger JUL = java.util.logging.Logger.getLogger("");

  private final LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();

  @TempDir Path folder;

  @BeforeEach
  void traceEverything() throws Exception {
    SLF4JBridgeHandler.install();
    JUL.setLevel(java.util.logging.Level.ALL);
    logging.reset();
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(logging);
    configurator.doConfigure(SecretsTest.class.getResource("/logback.xml"));
    for (Logger logger : logging.getLoggerList()) {
      logger.detachAndStopAllAppenders();
      logger.setAdditive(true);
    }
    logging.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.TRACE);
    // The test's own client, which is not what runs in production.
    logging.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyClientHandler").setLevel(Level.OFF);
  }

  @AfterEach
  void logAsBefore() throws Exception {
    logging.reset();
    new ContextInitializer(logging).autoConfig();
    JUL.setLevel(java.util.logging.Level.INFO);
    SLF4JBridgeHandler.uninstall();
  }

  @Test
  void secrets_areInNoLogLineAndNoMessage() throws Exception {
    TestAuthority authority = new TestAuthority("servers");
    HeldCertificate own = authority.server();
    TestAuthority.write(folder, own, authority);
    Path tokens = folder.resolve("tokens");
    TestAuthority.write(tokens, "painter " + TOKEN + " admin\n");
    List<String> lines;
    try (RecordedLog log = RecordedLog.start();
        SecureServer server =
            SecureServer.start(
                new SecurityConfig(Optional.of(tls()), Optional.of(tokens), false, true))) {
      assertThat(
              stub(ClientInterceptors.intercept(server.trusting(authority), bearer(TOKEN)))
                  .getModel(GetModelRequest.getDefaultInstance())
                  .hasModel())
          .isTrue();
      for (String token : List.of(TOKEN, WRONG)) {
        assertThatThrownBy(
                () -> {
                  var unused =
                      stub(ClientInterceptors.intercept(server.trusting(authority), bearer(token)))
                          .tokenize(TokenizeRequest.getDefaultInstance());
                })
            .isInstanceOf(StatusRuntimeException.class)
            .satisfies(e -> assertThat(e.getMessage()).doesNotContain(token));
      }
      TestAuthority.write(tokens, "painter " + LATER + "\n");
      TestAuthority.write(folder.resolve("tls.key"), own.privateKeyPkcs8Pem().substring(40));
      server.reload();
      lines = log.lines();
    }
    assertThat(lines)
        .anyMatch(line -> line.contains("io.grpc.netty"))
        .anyMatch(line -> line.contains("--auth-tokens"))
        .anyMatch(line -> line.contains("the key must be"));
    String keyText = own.privateKeyPkcs8Pem().split("\n", -1)[1];
    assertThat(lines)
        .noneMatch(line -> line.contains(TOKEN) || line.contains(WRONG) || line.contains(LATER))
        .noneMatch(line -> line.contains(keyText.substring(0, 30)));
  }

  private TlsConfig tls() {
    return new TlsConfig(
        folder.resolve("tls.crt"), folder.resolve("tls.key"), Optional.empty(), ClientAuth.REQUIRE);
  }
}

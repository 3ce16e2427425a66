package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.madit.client.MaditClient;
import io.madit.client.MaditClientBuilder;
import io.madit.client.MaditException;
import io.madit.client.PictureOptions;
import io.madit.client.RetryPolicy;
import io.madit.client.Tls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A container that wants TLS, a client certificate and a token. */
@Timeout(300)
class SecurityIT {
  private static final String TOKEN = "painter-token-0123456789";
  private static final RetryPolicy QUICK =
      new RetryPolicy(2, Duration.ofMillis(10), Duration.ofMillis(10));

  @TempDir Path secrets;
  @TempDir Path strange;

  @Test
  void onlyWhoShowsAll_draws() throws Exception {
    Authority authority = new Authority();
    authority.writeRoot(secrets);
    authority.write(secrets, "client");
    Files.writeString(secrets.resolve("tokens"), "painter " + TOKEN + "\n");
    Files.setPosixFilePermissions(secrets, PosixFilePermissions.fromString("rwxr-xr-x"));
    Authority other = new Authority();
    other.writeRoot(strange);
    other.write(strange, "client");
    try (Server server = secured()) {
      authority.write(secrets, "server", server.getHost());
      server.start();
      Tls right =
          Tls.trusting(secrets.resolve("ca.crt"))
              .showing(secrets.resolve("client.crt"), secrets.resolve("client.key"));
      try (MaditClient client = builder(server).tls(right).token(TOKEN).build()) {
        int[] ids = IntStream.range(0, 16).toArray();
        assertThat(client.detokenize(ids, PictureOptions.defaults()).image().getWidth())
            .isEqualTo(64);
      }
      assertRefused(builder(server).tls(right), Status.Code.UNAUTHENTICATED);
      assertRefused(builder(server).tls(right).token(TOKEN + "x"), Status.Code.UNAUTHENTICATED);
      Tls nothingShown = Tls.trusting(secrets.resolve("ca.crt"));
      assertRefused(builder(server).tls(nothingShown).token(TOKEN), Status.Code.UNAVAILABLE);
      Tls strangeShown =
          nothingShown.showing(strange.resolve("client.crt"), strange.resolve("client.key"));
      assertRefused(builder(server).tls(strangeShown).token(TOKEN), Status.Code.UNAVAILABLE);
      Tls strangeTrusted =
          Tls.trusting(strange.resolve("ca.crt"))
              .showing(secrets.resolve("client.crt"), secrets.resolve("client.key"));
      assertRefused(builder(server).tls(strangeTrusted).token(TOKEN), Status.Code.UNAVAILABLE);
      assertRefused(builder(server).token(TOKEN), Status.Code.UNAVAILABLE);
    }
  }

  private Server secured() {
    return Server.serving(Server.PICO)
        .mounting(secrets, "/secrets")
        .withEnv("MADIT_TLS_CERTIFICATE", "/secrets/server.crt")
        .withEnv("MADIT_TLS_KEY", "/secrets/server.key")
        .withEnv("MADIT_TLS_CLIENT_CA", "/secrets/ca.crt")
        .withEnv("MADIT_AUTH_TOKENS", "/secrets/tokens");
  }

  private static MaditClientBuilder builder(Server server) {
    return MaditClient.builder(server.address()).retry(QUICK);
  }

  private static void assertRefused(MaditClientBuilder builder, Status.Code code) {
    try (MaditClient client = builder.build()) {
      assertThatThrownBy(client::models)
          .isInstanceOfSatisfying(MaditException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
  }
}

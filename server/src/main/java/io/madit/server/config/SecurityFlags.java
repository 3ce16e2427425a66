package io.madit.server.config;

import io.madit.server.config.TlsConfig.ClientAuth;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Flags of {@link SecurityConfig}. */
final class SecurityFlags {
  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      description = "PEM chain of the server's certificate; turns TLS on")
  private Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "its PKCS#8 PEM private key")
  private Path key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description = "PEM authorities of client certificates; turns mutual TLS on")
  private Path clientAuthority;

  @Option(
      names = "--tls-client-auth",
      paramLabel = "require|optional",
      description =
          "optional: clients without a certificate may check health and use tokens; default:"
              + " require")
  private ClientAuth clientAuth;

  @Option(
      names = "--auth-tokens",
      paramLabel = "FILE",
      description = "bearer tokens, one client a line: NAME TOKEN [SCOPES]")
  private Path tokens;

  @Option(
      names = "--insecure",
      defaultValue = "false",
      description = "plain text also where other machines can connect")
  private boolean insecure;

  @Option(
      names = "--reflection",
      paramLabel = "on|off",
      description = "gRPC reflection; default: on for plain text on a loopback address, else off")
  private OnOff reflection;

  /**
   * The settings for a server on {@code host}.
   *
   * @throws IllegalArgumentException when flags do not go together
   */
  SecurityConfig config(String host) {
    Optional<TlsConfig> tls = tls();
    boolean local = tls.isEmpty() && tokens == null && NetworkConfig.isLoopback(host);
    return new SecurityConfig(
        tls, Optional.ofNullable(tokens), insecure, reflection == null ? local : reflection.isOn());
  }

  private Optional<TlsConfig> tls() {
    requireWith("--tls-certificate", certificate, "--tls-key", key);
    requireWith("--tls-key", key, "--tls-certificate", certificate);
    requireWith("--tls-client-ca", clientAuthority, "--tls-certificate", certificate);
    requireWith("--tls-client-auth", clientAuth, "--tls-client-ca", clientAuthority);
    if (certificate == null) {
      return Optional.empty();
    }
    return Optional.of(
        new TlsConfig(
            certificate,
            key,
            Optional.ofNullable(clientAuthority),
            clientAuth == null ? ClientAuth.REQUIRE : clientAuth));
  }

  private static void requireWith(String flag, Object value, String needed, Object neededValue) {
    if (value != null && neededValue == null) {
      throw new IllegalArgumentException(flag + " needs " + needed + ", which is missing");
    }
  }
}

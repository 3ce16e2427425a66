package io.madit.server.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Who may call what.
 *
 * @param tls empty: plain text
 * @param tokens file of bearer tokens; empty: tokens are not asked for
 * @param insecure plain text is wanted beyond this machine
 * @param reflection whether clients may ask for the API's description
 */
public record SecurityConfig(
    Optional<TlsConfig> tls, Optional<Path> tokens, boolean insecure, boolean reflection) {
  /** Plain text on this machine, as for a first try. */
  public static final SecurityConfig LOCAL =
      new SecurityConfig(Optional.empty(), Optional.empty(), false, true);

  public SecurityConfig {
    if (insecure && tls.isPresent()) {
      throw new IllegalArgumentException(
          "--insecure asks for plain text and --tls-certificate for TLS; give one of them");
    }
  }
}

package io.madit.server.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.config.ConfigException;
import io.madit.server.security.Client.Kind;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenFileTest {
  private static final String TOKEN = "0123456789abcdef";

  private static ClientTokens parse(String text) throws ConfigException {
    return TokenFile.parse(text.getBytes(UTF_8));
  }

  @Test
  void parse_twoTokensOfOneName_bothAreHers() throws Exception {
    ClientTokens tokens =
        parse("# who\r\nalice " + TOKEN + "\r\n\nalice " + TOKEN + "2\tdraw,admin\n");
    assertThat(tokens.find(TOKEN)).contains(new Client(Kind.TOKEN, "alice", Set.of(Scope.DRAW)));
    assertThat(tokens.find(TOKEN + "2").orElseThrow().scopes())
        .containsExactlyInAnyOrder(Scope.DRAW, Scope.ADMIN);
    assertThat(tokens.find(TOKEN + "3")).isEmpty();
    assertThat(tokens.find("")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "alice, 'line 1: must be NAME TOKEN [SCOPE,SCOPE], has 1 words'",
    "alice 0123456789abcde, 'line 1: the token must be 16 to 1024'",
    "alice 0123456789abcdef draw more, has 4 words",
    "al:ice 0123456789abcdef, the name must be",
    "alice sha256:12, sha256: must be followed by 64 hex digits",
    "alice name 0123456789abcdef, a scope must be",
    "alice 0123456789abcdef 0123456789abcdef, 'a scope must be one of draw, admin'",
    "# nothing, has no token"
  })
  void parse_wrongLine_isNamedAndNotShown(String line, String message) {
    assertThatThrownBy(() -> parse(line))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("0123456789abcde"));
  }
}

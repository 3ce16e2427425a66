package io.madit.server.security;

import io.madit.server.config.ConfigException;
import io.madit.server.security.Client.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The file of {@code --auth-tokens}. A line is {@code NAME TOKEN [SCOPE,SCOPE]}; the token is given
 * as it is sent or as {@code sha256:} and 64 hex digits; {@code #} at a line's begin is a comment.
 * A name may have several tokens, so that one can follow another.
 *
 * <p>Messages name the line and never show what is in the token's place.
 */
final class TokenFile {
  private static final String HASHED = "sha256:";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

  /** RFC 6750's characters. Shorter ones could be guessed. */
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]{16,1024}=*");

  private static final Pattern DIGEST = Pattern.compile("[0-9a-fA-F]{64}");

  private TokenFile() {}

  /**
   * Reads the content of a file.
   *
   * @throws ConfigException naming the line
   */
  static ClientTokens parse(byte[] content) throws ConfigException {
    List<ClientTokens.Entry> entries = new ArrayList<>();
    int number = 0;
    for (String line : new String(content, StandardCharsets.UTF_8).split("\n", -1)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      try {
        entries.add(entry(line.strip().split("\\s+")));
      } catch (IllegalArgumentException e) {
        throw new ConfigException("line " + number + ": " + e.getMessage());
      }
    }
    if (entries.isEmpty()) {
      throw new ConfigException("has no token");
    }
    return new ClientTokens(entries);
  }

  private static ClientTokens.Entry entry(String[] words) {
    if (words.length < 2 || words.length > 3) {
      throw new IllegalArgumentException(
          "must be NAME TOKEN [SCOPE,SCOPE], has " + words.length + " words");
    }
    if (!NAME.matcher(words[0]).matches()) {
      throw new IllegalArgumentException("the name must be 1 to 64 of A-Z a-z 0-9 . _ @ -");
    }
    Set<Scope> scopes = words.length == 3 ? scopes(words[2]) : EnumSet.of(Scope.DRAW);
    return new ClientTokens.Entry(digest(words[1]), new Client(Kind.TOKEN, words[0], scopes));
  }

  private static byte[] digest(String word) {
    if (word.startsWith(HASHED)) {
      String hex = word.substring(HASHED.length());
      if (!DIGEST.matcher(hex).matches()) {
        throw new IllegalArgumentException("sha256: must be followed by 64 hex digits");
      }
      return HexFormat.of().parseHex(hex);
    }
    if (!TOKEN.matcher(word).matches()) {
      throw new IllegalArgumentException(
          "the token must be 16 to 1024 of A-Z a-z 0-9 . _ ~ + / - and = at its end, has "
              + word.length()
              + " characters");
    }
    return ClientTokens.digest(word);
  }

  private static Set<Scope> scopes(String word) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (String label : word.split(",", -1)) {
      scopes.add(Scope.parse(label));
    }
    return scopes;
  }
}

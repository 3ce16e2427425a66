package io.madit.server.security;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a client may be allowed to do. */
public enum Scope {
  /** Make pictures and tokens. */
  DRAW,
  /** Look into the server. */
  ADMIN;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The message does not show the label: a token may have been put in its place. */
  static Scope parse(String label) {
    return Arrays.stream(values())
        .filter(scope -> scope.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("a scope must be one of " + labels()));
  }

  private static String labels() {
    return Arrays.stream(values()).map(Scope::label).collect(Collectors.joining(", "));
  }
}

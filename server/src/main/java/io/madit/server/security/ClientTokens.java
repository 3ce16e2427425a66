package io.madit.server.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;

/** Bearer tokens and whose they are. Only digests are kept. */
final class ClientTokens {
  /** SHA-256 of a token, and its client. */
  record Entry(byte[] digest, Client client) {}

  private final List<Entry> entries;

  ClientTokens(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** Takes the same time for every token of one length, known or not. */
  Optional<Client> find(String token) {
    byte[] digest = digest(token);
    Client found = null;
    for (Entry entry : entries) {
      if (MessageDigest.isEqual(entry.digest(), digest)) {
        found = entry.client();
      }
    }
    return Optional.ofNullable(found);
  }

  int size() {
    return entries.size();
  }

  static byte[] digest(String token) {
    return Digests.sha256().digest(token.getBytes(StandardCharsets.UTF_8));
  }
}

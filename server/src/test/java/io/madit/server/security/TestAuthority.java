package io.madit.server.security;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.tls.HeldCertificate;

/** An authority made for a test, and what it signs. */
final class TestAuthority {
  private final HeldCertificate root;

  TestAuthority(String name) {
    root = new HeldCertificate.Builder().commonName(name).certificateAuthority(0).build();
  }

  HeldCertificate root() {
    return root;
  }

  /** For a server on this machine. */
  HeldCertificate server() {
    return new HeldCertificate.Builder()
        .commonName("server")
        .addSubjectAlternativeName("127.0.0.1")
        .signedBy(root)
        .build();
  }

  /** For a client that its certificate calls {@code name}. */
  HeldCertificate client(String name) {
    return new HeldCertificate.Builder()
        .commonName("client")
        .addSubjectAlternativeName(name)
        .signedBy(root)
        .build();
  }

  /** Writes {@code tls.crt}, {@code tls.key} and {@code ca.crt}, as a mounted secret has them. */
  static void write(Path folder, HeldCertificate own, TestAuthority clients) {
    write(folder.resolve("tls.crt"), own.certificatePem());
    write(folder.resolve("tls.key"), own.privateKeyPkcs8Pem());
    write(folder.resolve("ca.crt"), clients.root.certificatePem());
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.madit.containers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.tls.HeldCertificate;

/** A certificate authority made for a test. */
final class Authority {
  private final HeldCertificate root =
      new HeldCertificate.Builder().certificateAuthority(0).build();

  /** Writes {@code ca.crt}. */
  Path writeRoot(Path folder) throws IOException {
    return Files.writeString(folder.resolve("ca.crt"), root.certificatePem());
  }

  /** Writes {@code NAME.crt} and {@code NAME.key}, for a server or client that is called so. */
  void write(Path folder, String name, String... addresses) throws IOException {
    HeldCertificate.Builder builder = new HeldCertificate.Builder().commonName(name).signedBy(root);
    for (String address : addresses) {
      builder.addSubjectAlternativeName(address);
    }
    HeldCertificate own = builder.build();
    Files.writeString(folder.resolve(name + ".crt"), own.certificatePem());
    Files.writeString(folder.resolve(name + ".key"), own.privateKeyPkcs8Pem());
  }
}

package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Containers that must not come up: exit code 2, and one line that says why. */
@Timeout(300)
class BrokenStartIT {
  private static final String BUNDLE = "madit serve: bundle /models/test: ";

  @TempDir Path bundle;

  @BeforeEach
  void copyBundle() throws Exception {
    Files.setPosixFilePermissions(bundle, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<Path> files;
    try (Stream<Path> listing = Files.list(Server.PICO)) {
      files = listing.toList();
    }
    for (Path file : files) {
      Files.copy(file, bundle.resolve(file.getFileName()));
    }
  }

  @Test
  void damagedModel_isNamed() throws Exception {
    try (RandomAccessFile model = new RandomAccessFile(bundle.resolve("model.pt").toFile(), "rw")) {
      model.seek(model.length() / 2);
      int old = model.read();
      model.seek(model.length() / 2);
      model.write(~old);
    }
    assertEnds(Server.serving(bundle).with("--insecure"), BUNDLE + "files.model.pt: SHA-256 is ");
  }

  @Test
  void missingModel_isNamed() throws Exception {
    Files.delete(bundle.resolve("model.pt"));
    assertEnds(Server.serving(bundle).with("--insecure"), BUNDLE + "model.pt: cannot be read");
  }

  @Test
  void brokenManifest_isNamed() throws Exception {
    Files.writeString(bundle.resolve("manifest.json"), "{");
    assertEnds(Server.serving(bundle).with("--insecure"), BUNDLE + "manifest.json: ");
  }

  @Test
  void neitherTlsNorInsecure_isRefused() {
    assertEnds(Server.serving(bundle), "madit serve: --host");
  }

  private static void assertEnds(Server server, String says) {
    try (server) {
      server.awaitingTheEnd().start();
      assertThat(server.exitCode()).isEqualTo(2);
      assertThat(server.getLogs().lines().filter(line -> line.startsWith("madit serve: ")))
          .singleElement()
          .satisfies(line -> assertThat(line).startsWith(says));
    }
  }
}

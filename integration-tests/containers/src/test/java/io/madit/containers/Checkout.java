package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Makes a folder look like the root of the checkout, so that commands write nothing there. */
final class Checkout implements AutoCloseable {
  private final Path folder;
  private final List<Path> links = new ArrayList<>();

  Checkout(Path folder) throws IOException {
    this.folder = folder;
    List<Path> entries;
    try (Stream<Path> listing = Files.list(Server.ROOT)) {
      entries = listing.toList();
    }
    for (Path entry : entries) {
      links.add(Files.createSymbolicLink(folder.resolve(entry.getFileName()), entry));
    }
  }

  /** Runs commands as a user would who has a server; gives what they print. */
  String run(Server server, String commands) throws Exception {
    Path log = Files.createTempFile("madit-commands", ".log");
    ProcessBuilder shell =
        new ProcessBuilder("bash", "-euo", "pipefail", "-c", commands)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    shell.environment().put("MADIT_SERVER", server.address());
    int exit = shell.start().waitFor();
    String output = Files.readString(log);
    Files.delete(log);
    assertThat(exit).as("%s%n%s", commands, output).isZero();
    return output;
  }

  /** Removes the links: JUnit warns of each when it deletes the folder. */
  @Override
  public void close() throws IOException {
    for (Path link : links) {
      Files.delete(link);
    }
  }
}

package io.madit.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How to start the server to measure. */
final class ServerFlags {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Bundle folder to serve.")
  private Path model;

  @Option(
      names = "--server-flag",
      paramLabel = "FLAG",
      description = "Passed to the server, e.g. --server-flag=--threads=1. Repeatable.")
  private List<String> flags = List.of();

  ServerUnderTest start(String... more) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("--model", model.toString(), "--access-log", "off"));
    all.addAll(flags);
    all.addAll(List.of(more));
    Path log = Files.createTempFile("madit-bench-", ".log");
    return ServerUnderTest.start(all, log);
  }
}

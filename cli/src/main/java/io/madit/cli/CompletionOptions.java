package io.madit.cli;

import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model draws missing ids. */
final class CompletionOptions {
  private static final String DEFAULT = "maskgil-nano";

  @Option(
      names = "--completion",
      paramLabel = "MODEL",
      description = {
        "Model that draws the ids which are missing: a bundle folder; with --server, the name of a loaded model.",
        "As models/maskgil-nano."
      })
  private String model;

  /** As a second model of {@link ServerOptions}, if one is asked for. */
  Optional<String> asked() {
    return Optional.ofNullable(model);
  }

  /** The same with a default. */
  Optional<String> orDefault(boolean running) {
    String known =
        running ? DEFAULT : ServerOptions.home().resolve("models").resolve(DEFAULT).toString();
    return Optional.of(asked().orElse(known));
  }
}

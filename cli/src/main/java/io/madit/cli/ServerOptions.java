package io.madit.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which server to talk to: a running one, or one started for this command. */
final class ServerOptions {
  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description = "A running server. Default: start one for this command.")
  private String server;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description =
          "Bundle folder; with --server, the name of a loaded model. Default: models/madit-nano.")
  private String model;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "Device of the started server: cpu or cuda:N.")
  private String device;

  @Option(
      names = "--precision",
      paramLabel = "PRECISION",
      description = "Precision of the started server.")
  private String precision;

  @Mixin private CredentialOptions credentials;

  /** A client, and the server behind it if this command started one. */
  record Connection(
      MaditClient client, String modelName, Optional<String> secondModel, ServerProcess started)
      implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      if (started != null) {
        started.close();
      }
    }
  }

  /**
   * Connects. A started server logs to {@code log}, and is ready on return.
   *
   * @param second as the model: a bundle folder for a started server to load, too, else a name
   */
  Connection connect(Path log, Optional<String> second) {
    if (server != null) {
      return new Connection(
          MaditClient.connect(credentials.channel(server)),
          Objects.requireNonNullElse(model, ""),
          second,
          null);
    }
    if (credentials.given()) {
      throw new CommandFailure("TLS and token options need --server; a started server is local");
    }
    List<Path> bundles = new ArrayList<>(List.of(bundle()));
    second.map(Path::of).ifPresent(bundles::add);
    ServerProcess process = ServerProcess.start(bundles, flags(), log);
    Connection connection =
        new Connection(
            MaditClient.connect(credentials.channel(process.address())),
            "",
            second.map(folder -> nameOf(Path.of(folder))),
            process);
    try {
      process.awaitReady(connection.client().channel());
      return connection;
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** Connects with the log in a temporary file, which stays when the server does not start. */
  Connection connect() throws IOException {
    return connect(Optional.empty());
  }

  /** The same with a second model. */
  Connection connect(Optional<String> second) throws IOException {
    Path log = Files.createTempFile("madit-server-", ".log");
    Connection connection = connect(log, second);
    log.toFile().deleteOnExit();
    return connection;
  }

  /** Whether the server runs already. */
  boolean running() {
    return server != null;
  }

  private static String nameOf(Path bundle) {
    try {
      return new ObjectMapper()
          .readTree(bundle.resolve("manifest.json").toFile())
          .path("name")
          .asText();
    } catch (IOException e) {
      throw new CommandFailure("cannot read the name of " + bundle + ": " + e.getMessage(), e);
    }
  }

  private Path bundle() {
    return model == null ? home().resolve("models/madit-nano") : Path.of(model);
  }

  private List<String> flags() {
    List<String> flags = new ArrayList<>();
    if (device != null) {
      flags.addAll(List.of("--device", device));
    }
    if (precision != null) {
      flags.addAll(List.of("--precision", precision));
    }
    return flags;
  }

  /** The checkout: the launcher names it. */
  static Path home() {
    return Path.of(System.getProperty("madit.home", "."));
  }
}

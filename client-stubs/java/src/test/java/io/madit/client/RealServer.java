package io.madit.client;

import io.madit.server.config.ServerConfig;
import io.madit.server.config.ServerFlags;
import io.madit.server.lifecycle.MaditServer;
import io.madit.server.model.DjlRuntimeLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The real server with the pico bundle: 64 x 64 pixels, 16 ids below 64. */
final class RealServer implements AutoCloseable {
  static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();

  private static final Path PICO =
      ROOT.resolve(Path.of("server", "src", "test", "resources", "models", "pico-buffer"));

  private final MaditServer server;

  /** Free ports, and float32, because only that is promised to be the same each time. */
  RealServer(String... flags) throws Exception {
    List<String> all = new ArrayList<>(List.of("--port", "0", "--http-port", "0"));
    all.addAll(List.of("--model", PICO.toString(), "--precision", "float32"));
    all.addAll(List.of(flags));
    ServerConfig config = ServerFlags.parse(all.toArray(String[]::new), Map.of()).orElseThrow();
    DjlRuntimeLoader loader =
        new DjlRuntimeLoader(config.model().device(), config.model().precision());
    server = MaditServer.start(config, loader, "test");
  }

  /** The folder of another model for {@code --model}. */
  static String bundle(String name) {
    return PICO.resolveSibling(name).toString();
  }

  String address() {
    return "localhost:" + server.port();
  }

  @Override
  public void close() {
    server.stop();
  }
}

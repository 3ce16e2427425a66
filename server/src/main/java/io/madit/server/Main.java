package io.madit.server;

import io.madit.server.config.ConfigException;
import io.madit.server.config.ModelConfig;
import io.madit.server.config.ServerConfig;
import io.madit.server.config.ServerFlags;
import io.madit.server.lifecycle.EngineStuck;
import io.madit.server.lifecycle.MaditServer;
import io.madit.server.model.BundleException;
import io.madit.server.model.DjlRuntimeLoader;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Wires and runs the server until it is told to stop. */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  /** Read by DJL when libtorch is initialised. */
  private static final String TORCH_THREADS = "ai.djl.pytorch.num_threads";

  private static final String TORCH_INTEROP_THREADS = "ai.djl.pytorch.num_interop_threads";

  private Main() {}

  /**
   * Exit codes: 0 stopped as told, 1 the device or the engine died, 2 cannot start.
   *
   * @param arguments see {@code --help}
   */
  public static void main(String[] arguments) {
    long begin = System.nanoTime();
    joinLogs();
    try {
      Optional<ServerConfig> config = ServerFlags.parse(arguments, System.getenv());
      if (config.isPresent()) {
        run(config.get(), begin);
      }
    } catch (ConfigException | BundleException | IOException | IllegalStateException e) {
      System.err.println("madit serve: " + e.getMessage());
      System.exit(2);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // SIGTERM while it started: the hook ends the process
    }
  }

  /** gRPC logs with Java's own logging: it joins the rest. */
  private static void joinLogs() {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  private static void run(ServerConfig config, long beginNanos)
      throws ConfigException, IOException, BundleException, InterruptedException {
    ModelConfig model = config.model();
    System.setProperty(TORCH_THREADS, Integer.toString(model.threads()));
    System.setProperty(TORCH_INTEROP_THREADS, "1");
    StopHook hook = StopHook.install();
    MaditServer server =
        hook.start(
            () ->
                MaditServer.start(
                    config, new DjlRuntimeLoader(model.device(), model.precision()), version()));
    LOG.info(
        "ready: gRPC port {}, HTTP port {}, models {}, {} threads, started in {} s",
        server.port(),
        server.httpPort(),
        server.describeModels(),
        model.threads(),
        String.format("%.1f", (System.nanoTime() - beginNanos) * 1e-9));
    try {
      server.ended().join();
    } catch (CompletionException e) {
      LOG.error("The engine is dead; the process exits for its supervisor", e);
      if (e.getCause() instanceof EngineStuck) {
        server.abandon();
        // An orderly exit would wait for the engine thread, which never comes back.
        Runtime.getRuntime().halt(1);
      }
      hook.engineDied();
      System.exit(1);
    }
  }

  private static String version() {
    return Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}

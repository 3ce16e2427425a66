package io.madit.server;

import io.madit.server.config.ConfigException;
import io.madit.server.lifecycle.MaditServer;
import io.madit.server.model.BundleException;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What SIGTERM does. The JVM must not exit during a script call, the process would crash: the hook
 * ends the engine thread first, also while the server is still starting.
 */
final class StopHook {
  private static final Logger LOG = LoggerFactory.getLogger(StopHook.class);

  /** As of a process that SIGTERM has ended. */
  private static final int TERMINATED = 143;

  /** How to start a server. */
  interface Starter {
    MaditServer start() throws ConfigException, IOException, BundleException, InterruptedException;
  }

  private final Thread starter = Thread.currentThread();
  private final CountDownLatch settled = new CountDownLatch(1);
  private volatile MaditServer server;
  private volatile boolean engineDied;

  private StopHook() {}

  /** On the thread that will start the server. */
  static StopHook install() {
    StopHook hook = new StopHook();
    Runtime.getRuntime().addShutdownHook(new Thread(hook::run, "madit-stop"));
    return hook;
  }

  /** Starts the server. */
  MaditServer start(Starter how)
      throws ConfigException, IOException, BundleException, InterruptedException {
    try {
      server = how.start();
      return server;
    } finally {
      settled.countDown();
    }
  }

  /** The exit that follows is none that was asked for. */
  void engineDied() {
    engineDied = true;
  }

  private void run() {
    boolean starting = settled.getCount() > 0;
    if (starting) {
      starter.interrupt();
      awaitSettled();
    }
    if (server != null) {
      server.stop();
      if (!engineDied) {
        LOG.info("stopped");
        // SIGTERM alone would make the exit code 143; a drained server has done what it was told.
        Runtime.getRuntime().halt(0);
      }
    } else if (starting) {
      LOG.info("stopped before it was ready");
      Runtime.getRuntime().halt(TERMINATED);
    }
  }

  private void awaitSettled() {
    try {
      settled.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

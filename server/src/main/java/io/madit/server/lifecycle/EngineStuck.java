package io.madit.server.lifecycle;

import java.time.Duration;

/** The engine thread hangs in the device: nothing but a new process helps. */
public final class EngineStuck extends RuntimeException {
  private static final long serialVersionUID = 1;

  EngineStuck(Duration busyFor) {
    super("the engine has been at one round for " + busyFor.toSeconds() + " s");
  }
}

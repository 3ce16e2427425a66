package io.madit.server.telemetry;

import java.util.Locale;

/** Where the time of a request goes, in the order of execution. */
enum Phase {
  /** Between the begin of a streamed picture and its last id. */
  AWAITING_TOKENS,
  /** Not worked for, between rounds too. */
  QUEUE,
  /** The model's condition and the initial canvas. */
  CONDITION,
  /** All rounds it took part in. */
  ROUNDS,
  /** Latents to pixels. */
  DECODE,
  /** Pixels to ids. */
  TOKENIZE,
  /** Pixels to a file. */
  ENCODE;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}

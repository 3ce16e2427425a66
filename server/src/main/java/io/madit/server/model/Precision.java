package io.madit.server.model;

/** Arithmetic of the heavy layers of a round; the pixel decoder always runs in float32. */
public enum Precision {
  FLOAT32,
  BFLOAT16;

  /** Name used by the script and in settings. */
  public String scriptName() {
    return this == FLOAT32 ? "float32" : "bfloat16";
  }
}

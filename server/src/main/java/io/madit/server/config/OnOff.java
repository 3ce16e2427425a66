package io.madit.server.config;

/** A switch on the command line. */
enum OnOff {
  ON,
  OFF;

  boolean isOn() {
    return this == ON;
  }

  @Override
  public String toString() {
    return this == ON ? "on" : "off";
  }
}

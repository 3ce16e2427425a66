package io.madit.server.config;

/** A setting that cannot be used; the message is one line for the operator. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  public ConfigException(String message) {
    super(message);
  }
}

package io.madit.server.model;

/** A bundle that the server refuses; the message begins with the offending field or file. */
public final class BundleException extends Exception {
  private static final long serialVersionUID = 1;
  private final String field;

  BundleException(String field, String problem) {
    super(field + ": " + problem);
    this.field = field;
  }

  /** Path in the manifest ("codebook.size") or file name ("model.pt"). */
  public String field() {
    return field;
  }
}

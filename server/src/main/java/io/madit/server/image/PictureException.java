package io.madit.server.image;

/** A picture that cannot be read; the message may be shown to the caller. */
public final class PictureException extends Exception {
  private static final long serialVersionUID = 1;

  PictureException(String message) {
    super(message);
  }
}

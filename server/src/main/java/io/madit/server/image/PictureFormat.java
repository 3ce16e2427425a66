package io.madit.server.image;

/** What pixels can be encoded to. */
public enum PictureFormat {
  PNG("image/png"),
  JPEG("image/jpeg"),
  WEBP("image/webp"),
  /** {@code height * width * 3} bytes, rows from the top; no media type. */
  RAW_RGB("");

  private final String mediaType;

  PictureFormat(String mediaType) {
    this.mediaType = mediaType;
  }

  /** MIME type; empty for {@link #RAW_RGB}. */
  public String mediaType() {
    return mediaType;
  }
}

package io.madit.server.image;

/**
 * 8-bit RGB pixels.
 *
 * @param rgb {@code height * width * 3} values, rows from the top, R G B per pixel. Not copied:
 *     whoever makes a picture hands the array over and nobody writes to it again
 */
public record RgbPicture(int width, int height, byte[] rgb) {
  public RgbPicture {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          width + "x" + height + " needs " + 3L * width * height + " bytes, has " + rgb.length);
    }
  }
}

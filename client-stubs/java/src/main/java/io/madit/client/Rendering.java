package io.madit.client;

import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Pixels in some format.
 *
 * @param output the message as it came, for results that are tensors or ids
 */
public record Rendering(Output output) {
  /** The file, or for raw RGB height * width * 3 bytes, rows from the top; else empty. */
  public byte[] bytes() {
    return output.getData().toByteArray();
  }

  /** Width in pixels; 0 if the result is not a picture. */
  public int width() {
    return output.getWidth();
  }

  /** Height in pixels; 0 if the result is not a picture. */
  public int height() {
    return output.getHeight();
  }

  /**
   * Decodes it. PNG, JPEG and raw RGB always work; WebP needs an ImageIO plugin on the class path.
   *
   * @throws IllegalStateException if it is not a picture, or one that this JVM cannot read
   */
  public BufferedImage image() {
    if (output.getFormat() == OutputFormat.OUTPUT_FORMAT_RAW_RGB) {
      return raw();
    }
    try {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(bytes()));
      if (image == null) {
        throw new IllegalStateException("no ImageIO reader for " + output.getFormat());
      }
      return image;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private BufferedImage raw() {
    BufferedImage image = new BufferedImage(width(), height(), BufferedImage.TYPE_INT_RGB);
    byte[] rgb = bytes();
    for (int at = 0; at < width() * height(); at++) {
      int value =
          (rgb[3 * at] & 0xFF) << 16 | (rgb[3 * at + 1] & 0xFF) << 8 | (rgb[3 * at + 2] & 0xFF);
      image.setRGB(at % width(), at / width(), value);
    }
    return image;
  }

  /** Writes the bytes as they are, whatever the name of the file ends in. */
  public void save(Path file) throws IOException {
    Files.write(file, bytes());
  }
}

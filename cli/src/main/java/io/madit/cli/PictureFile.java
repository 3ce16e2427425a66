package io.madit.cli;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Reading and writing of 8-bit RGB pictures. Transparent pixels show white, as the server's default
 * does.
 */
final class PictureFile {
  private PictureFile() {}

  static BufferedImage parse(byte[] file) {
    try {
      BufferedImage picture = ImageIO.read(new ByteArrayInputStream(file));
      if (picture == null) {
        throw new CommandFailure("not a picture that can be read");
      }
      return toRgb(picture);
    } catch (IOException e) {
      throw new CommandFailure("not a picture that can be read: " + e.getMessage(), e);
    }
  }

  static byte[] png(BufferedImage picture) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(picture, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static void writePng(BufferedImage picture, Path file) throws IOException {
    Files.write(file, png(picture));
  }

  /**
   * The largest middle part of the frame's shape, scaled to the frame. A picture of that size stays
   * as it is.
   */
  static BufferedImage fit(BufferedImage picture, int width, int height) {
    if (picture.getWidth() == width && picture.getHeight() == height) {
      return picture;
    }
    double scale =
        Math.min((double) picture.getWidth() / width, (double) picture.getHeight() / height);
    int cutWidth = (int) Math.round(width * scale);
    int cutHeight = (int) Math.round(height * scale);
    int left = (picture.getWidth() - cutWidth) / 2;
    int top = (picture.getHeight() - cutHeight) / 2;
    BufferedImage cut = picture.getSubimage(left, top, cutWidth, cutHeight);
    return scaled(cut, width, height, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
  }

  /** Scaled with hard edges. */
  static BufferedImage enlarge(BufferedImage picture, int width, int height) {
    return scaled(picture, width, height, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
  }

  private static BufferedImage scaled(BufferedImage picture, int width, int height, Object how) {
    BufferedImage result = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = result.createGraphics();
    canvas.setRenderingHint(RenderingHints.KEY_INTERPOLATION, how);
    canvas.drawImage(picture, 0, 0, width, height, null);
    canvas.dispose();
    return result;
  }

  private static BufferedImage toRgb(BufferedImage picture) {
    BufferedImage rgb =
        new BufferedImage(picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = rgb.createGraphics();
    canvas.drawImage(picture, 0, 0, Color.WHITE, null);
    canvas.dispose();
    return rgb;
  }
}

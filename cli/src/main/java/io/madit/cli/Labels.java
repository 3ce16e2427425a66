package io.madit.cli;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/**
 * Text from a picture of glyphs. Fonts of the platform are not used: a headless Java runtime may
 * lack fontconfig and any font.
 */
final class Labels {
  static final int GLYPH_WIDTH = 8;
  static final int HEIGHT = 18;

  /** Printable ASCII side by side, white on transparent. */
  private static final BufferedImage GLYPHS = load();

  private static final char FIRST = ' ';
  private static final char LAST = '~';

  private Labels() {}

  /**
   * Writes white {@code text} with its upper left corner at (x, y), cut to {@code width} pixels.
   */
  static void draw(Graphics2D canvas, String text, int x, int y, int width) {
    String shown = cut(text, width / GLYPH_WIDTH);
    for (int i = 0; i < shown.length(); i++) {
      char c = shown.charAt(i);
      int glyph = (c < FIRST || c > LAST ? '?' : c) - FIRST;
      int left = x + i * GLYPH_WIDTH;
      int source = glyph * GLYPH_WIDTH;
      canvas.drawImage(
          GLYPHS,
          left,
          y,
          left + GLYPH_WIDTH,
          y + HEIGHT,
          source,
          0,
          source + GLYPH_WIDTH,
          HEIGHT,
          null);
    }
  }

  static String cut(String text, int characters) {
    return text.length() <= characters
        ? text
        : text.substring(0, Math.max(0, characters - 2))
            + "..".substring(0, Math.min(2, characters));
  }

  private static BufferedImage load() {
    try (InputStream file = Labels.class.getResourceAsStream("label-glyphs.png")) {
      return ImageIO.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

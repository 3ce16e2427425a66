package io.madit.server.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads uploaded PNG, JPEG and WebP files. The size in the header is checked before any pixel is
 * decompressed, and metadata is skipped. Thread-safe; costs CPU, so not for threads of the network
 * or the engine.
 */
public final class PictureReader {
  private static final HexFormat HEX = HexFormat.of();

  static {
    ImageIO.setUseCache(false);
  }

  private final PictureLimits limits;

  public PictureReader(PictureLimits limits) {
    this.limits = limits;
  }

  /**
   * Decodes a file.
   *
   * @param backgroundRgb 0xRRGGBB, shown through transparent pixels
   * @throws PictureException when it is too large, of another format or damaged
   */
  public RgbPicture read(byte[] file, int backgroundRgb) throws PictureException {
    if (file.length > limits.maxBytes()) {
      throw new PictureException(
          "picture file must have at most %d bytes, has %d"
              .formatted(limits.maxBytes(), file.length));
    }
    ImageReader reader = ImageIO.getImageReadersByFormatName(format(file)).next();
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(in, true, true);
      checkSize(reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      checkSize(image.getWidth(), image.getHeight());
      return Pixels.rgb(image, backgroundRgb);
    } catch (IOException | RuntimeException e) {
      // Decoders throw all kinds of unchecked exceptions at damaged files.
      throw new PictureException("picture file cannot be decoded: " + e.getMessage());
    } finally {
      reader.dispose();
    }
  }

  /** By the first bytes; names and MIME types are not trusted. */
  private static String format(byte[] file) throws PictureException {
    String magic = HEX.formatHex(Arrays.copyOf(file, 12));
    if (magic.startsWith("89504e470d0a1a0a")) {
      return "png";
    }
    if (magic.startsWith("ffd8ff")) {
      return "jpeg";
    }
    if (magic.startsWith("52494646") && magic.endsWith("57454250")) {
      return "webp";
    }
    throw new PictureException("picture must be a PNG, JPEG or WebP file");
  }

  private void checkSize(int width, int height) throws PictureException {
    if (width < 1 || height < 1 || (long) width * height > limits.maxPixels()) {
      throw new PictureException(
          "picture must have 1 to %d pixels, has %dx%d"
              .formatted(limits.maxPixels(), width, height));
    }
  }
}

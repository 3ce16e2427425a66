package io.madit.server.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.NodeList;

/** Writes picture files. Pure functions. */
final class PictureWriter {
  private static final String JPEG_METADATA = "javax_imageio_jpeg_image_1.0";

  static {
    ImageIO.setUseCache(false);
  }

  private PictureWriter() {}

  static byte[] write(RgbPicture picture, PictureFormat format, EncodeSettings settings) {
    return switch (format) {
      case RAW_RGB -> picture.rgb();
      case PNG -> encode(picture, "png", null, 1f - settings.pngCompression() / 9f);
      case JPEG -> encode(picture, "jpeg", null, settings.jpegQuality() / 100f);
      case WEBP ->
          settings.webpLossless()
              ? encode(picture, "webp", "Lossless", 1f)
              : encode(picture, "webp", "Lossy", settings.webpQuality() / 100f);
    };
  }

  private static byte[] encode(RgbPicture picture, String format, String type, float quality) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      IIOImage image = new IIOImage(Pixels.image(picture), null, null);
      ImageWriteParam param = writer.getDefaultWriteParam();
      param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      if (type != null) {
        param.setCompressionType(type);
      }
      param.setCompressionQuality(quality);
      if (format.equals("jpeg")) {
        image.setMetadata(fullChroma(writer, image, param));
      }
      writer.write(null, image, param);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Metadata that asks for 4:4:4: the JDK halves the colour resolution by default. */
  private static IIOMetadata fullChroma(ImageWriter writer, IIOImage image, ImageWriteParam param)
      throws IOException {
    ImageTypeSpecifier type = ImageTypeSpecifier.createFromRenderedImage(image.getRenderedImage());
    IIOMetadata metadata = writer.getDefaultImageMetadata(type, param);
    IIOMetadataNode tree = (IIOMetadataNode) metadata.getAsTree(JPEG_METADATA);
    NodeList components = tree.getElementsByTagName("componentSpec");
    for (int i = 0; i < components.getLength(); i++) {
      IIOMetadataNode component = (IIOMetadataNode) components.item(i);
      component.setAttribute("HsamplingFactor", "1");
      component.setAttribute("VsamplingFactor", "1");
    }
    metadata.setFromTree(JPEG_METADATA, tree);
    return metadata;
  }
}

package io.madit.cli;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** An endless GIF of a picture's rounds, one labelled frame each, the last one shown longer. */
final class RoundStrip {
  private static final String GIF_FORMAT = "javax_imageio_gif_image_1.0";
  private static final Duration FRAME = Duration.ofMillis(200);
  private static final Duration LAST_FRAME = Duration.ofSeconds(2);

  /** One moment of the picture. */
  record Frame(BufferedImage picture, String label) {}

  private RoundStrip() {}

  static void write(List<Frame> frames, Path file) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.prepareWriteSequence(null);
      for (int i = 0; i < frames.size(); i++) {
        BufferedImage frame = labelled(frames.get(i));
        Duration delay = i == frames.size() - 1 ? LAST_FRAME : FRAME;
        writer.writeToSequence(
            new IIOImage(frame, null, metadata(writer, frame, delay, i == 0)), null);
      }
      writer.endWriteSequence();
    } finally {
      writer.dispose();
    }
    Files.write(file, bytes.toByteArray());
  }

  private static BufferedImage labelled(Frame frame) {
    BufferedImage picture = frame.picture();
    int width = picture.getWidth();
    int height = picture.getHeight();
    BufferedImage result =
        new BufferedImage(width, height + Labels.HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = result.createGraphics();
    canvas.drawImage(picture, 0, 0, null);
    Labels.draw(canvas, frame.label(), 2, height, width - 2);
    canvas.dispose();
    return result;
  }

  private static IIOMetadata metadata(
      ImageWriter writer, BufferedImage frame, Duration delay, boolean first) throws IOException {
    IIOMetadata metadata =
        writer.getDefaultImageMetadata(
            ImageTypeSpecifier.createFromRenderedImage(frame), writer.getDefaultWriteParam());
    IIOMetadataNode root = new IIOMetadataNode(GIF_FORMAT);
    root.appendChild(
        node(
            "GraphicControlExtension",
            "disposalMethod",
            "none",
            "userInputFlag",
            "FALSE",
            "transparentColorFlag",
            "FALSE",
            "transparentColorIndex",
            "0",
            "delayTime",
            Long.toString(delay.toMillis() / 10)));
    if (first) {
      root.appendChild(endless());
    }
    metadata.mergeTree(GIF_FORMAT, root);
    return metadata;
  }

  /** Netscape's extension: 1, then the number of repeats, 0 for ever. */
  private static IIOMetadataNode endless() {
    IIOMetadataNode loop =
        node("ApplicationExtension", "applicationID", "NETSCAPE", "authenticationCode", "2.0");
    loop.setUserObject(new byte[] {1, 0, 0});
    IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
    extensions.appendChild(loop);
    return extensions;
  }

  private static IIOMetadataNode node(String name, String... attributes) {
    IIOMetadataNode node = new IIOMetadataNode(name);
    for (int i = 0; i < attributes.length; i += 2) {
      node.setAttribute(attributes[i], attributes[i + 1]);
    }
    return node;
  }
}

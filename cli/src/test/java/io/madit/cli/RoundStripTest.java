package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundStripTest {
  @TempDir Path folder;

  @Test
  void write_threeFrames_readBackWithTheirDelays() throws Exception {
    Path file = folder.resolve("strip.gif");
    RoundStrip.Frame frame = new RoundStrip.Frame(TestPictures.gradient(64, 64), "round 1 of 3");
    RoundStrip.write(List.of(frame, frame, frame), file);

    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(in);
      assertThat(reader.getNumImages(true)).isEqualTo(3);
      assertThat(reader.getHeight(0)).isEqualTo(64 + Labels.HEIGHT);
      assertThat(delay(reader, 0)).isEqualTo("20");
      assertThat(delay(reader, 2)).isEqualTo("200");
    } finally {
      reader.dispose();
    }
  }

  private static String delay(ImageReader reader, int frame) throws Exception {
    IIOMetadataNode root =
        (IIOMetadataNode) reader.getImageMetadata(frame).getAsTree("javax_imageio_gif_image_1.0");
    IIOMetadataNode control =
        (IIOMetadataNode) root.getElementsByTagName("GraphicControlExtension").item(0);
    return control.getAttribute("delayTime");
  }
}

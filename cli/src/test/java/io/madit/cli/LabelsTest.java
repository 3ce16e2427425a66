package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class LabelsTest {
  @Test
  void draw_anyText_staysInsideItsWidth() {
    BufferedImage canvas = TestPictures.filled(100, 20, 0);
    Graphics2D graphics = canvas.createGraphics();
    Labels.draw(graphics, "a long label, nonsense: ü", 0, 0, 40);
    graphics.dispose();
    assertThat(ink(canvas, 0, 40)).isTrue();
    assertThat(ink(canvas, 40, 100)).isFalse();
  }

  @Test
  void cut_tooLong_endsInDots() {
    assertThat(Labels.cut("abcdef", 6)).isEqualTo("abcdef");
    assertThat(Labels.cut("abcdef", 5)).isEqualTo("abc..");
    assertThat(Labels.cut("abcdef", 1)).isEqualTo(".");
  }

  private static boolean ink(BufferedImage picture, int from, int to) {
    for (int x = from; x < to; x++) {
      for (int y = 0; y < picture.getHeight(); y++) {
        if (TestPictures.rgb(picture, x, y) != 0) {
          return true;
        }
      }
    }
    return false;
  }
}

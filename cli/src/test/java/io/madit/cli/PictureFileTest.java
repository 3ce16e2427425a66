package io.madit.cli;

import static io.madit.cli.TestPictures.rgb;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PictureFileTest {
  @Test
  void parse_ownPng_samePixels() {
    BufferedImage picture = TestPictures.gradient(16, 8);
    BufferedImage reread = PictureFile.parse(PictureFile.png(picture));
    assertThat(Psnr.decibels(picture, reread)).isInfinite();
  }

  @Test
  void parse_transparentPixel_white() {
    BufferedImage clear = new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB);
    assertThat(rgb(PictureFile.parse(PictureFile.png(clear)), 0, 0)).isEqualTo(0xFFFFFF);
  }

  @Test
  void parse_noPicture_saysSo() {
    assertThatExceptionOfType(CommandFailure.class)
        .isThrownBy(() -> PictureFile.parse("text".getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining("not a picture");
  }

  @Test
  void fit_widePicture_keepsTheMiddle() {
    BufferedImage wide = TestPictures.filled(90, 30, 0x0000FF);
    for (int i = 0; i < 30 * 30; i++) {
      wide.setRGB(30 + i % 30, i / 30, 0xFF0000);
    }
    BufferedImage fitted = PictureFile.fit(wide, 10, 10);
    assertThat(fitted.getWidth()).isEqualTo(10);
    assertThat(rgb(fitted, 5, 5)).isEqualTo(0xFF0000);
    assertThat(rgb(fitted, 1, 8)).isEqualTo(0xFF0000);
  }

  @Test
  void fit_rightSize_untouched() {
    BufferedImage picture = TestPictures.gradient(8, 8);
    assertThat(PictureFile.fit(picture, 8, 8)).isSameAs(picture);
  }
}

package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class PsnrTest {
  @Test
  void decibels_equalPictures_infinite() {
    BufferedImage picture = TestPictures.gradient(8, 8);
    assertThat(Psnr.decibels(picture, picture)).isInfinite();
    assertThat(Psnr.format(Double.POSITIVE_INFINITY)).isEqualTo("PSNR inf dB");
  }

  @Test
  void decibels_oneLevelEverywhere_48dB() {
    BufferedImage a = TestPictures.filled(4, 4, 0x101010);
    BufferedImage b = TestPictures.filled(4, 4, 0x111111);
    assertThat(Psnr.decibels(a, b)).isCloseTo(20 * Math.log10(255), within(1e-9));
    assertThat(Psnr.format(Psnr.decibels(a, b))).isEqualTo("PSNR 48.1 dB");
  }

  @Test
  void decibels_blackAndWhite_0dB() {
    BufferedImage black = TestPictures.filled(4, 4, 0x000000);
    BufferedImage white = TestPictures.filled(4, 4, 0xFFFFFF);
    assertThat(Psnr.decibels(black, white)).isZero();
  }

  @Test
  void decibels_otherSize_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Psnr.decibels(TestPictures.gradient(4, 4), TestPictures.gradient(4, 5)))
        .withMessageContaining("4x4 and 4x5");
  }
}

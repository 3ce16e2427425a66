package io.madit.server.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureFilesTest {
  private static final int WHITE = 0xFFFFFF;

  private final PictureReader reader = new PictureReader(new PictureLimits(1 << 20, 1 << 16));

  @ParameterizedTest
  @ValueSource(ints = {0, 6, 9})
  void png_isLossless(int level) throws Exception {
    byte[] file = write(PictureFormat.PNG, new EncodeSettings(90, 90, false, level));
    assertThat(reader.read(file, WHITE).rgb()).containsExactly(picture().rgb());
  }

  @Test
  void losslessWebp_isLossless() throws Exception {
    byte[] file = write(PictureFormat.WEBP, new EncodeSettings(90, 90, true, 6));
    assertThat(reader.read(file, WHITE).rgb()).containsExactly(picture().rgb());
  }

  @ParameterizedTest
  @EnumSource(
      value = PictureFormat.class,
      names = {"JPEG", "WEBP"})
  void lossy_isCloseAndShrinksWithQuality(PictureFormat format) throws Exception {
    byte[] fine = write(format, new EncodeSettings(95, 95, false, 6));
    byte[] coarse = write(format, new EncodeSettings(20, 20, false, 6));
    assertThat(coarse.length).isLessThan(fine.length);
    assertThat(meanDifference(reader.read(fine, WHITE), picture())).isLessThan(4);
  }

  @Test
  void jpeg_keepsFullColourResolution() throws Exception {
    byte[] file = write(PictureFormat.JPEG, EncodeSettings.DEFAULT);
    int frame = 0;
    while (!((file[frame] & 0xFF) == 0xFF && (file[frame + 1] & 0xFF) == 0xC0)) {
      frame++;
    }
    // SOF0: length, precision, height, width, count, then (id, sampling, table) per component.
    assertThat(file[frame + 11]).isEqualTo((byte) 0x11);
    assertThat(file[frame + 14]).isEqualTo((byte) 0x11);
  }

  @Test
  void raw_isThePixels() {
    assertThat(write(PictureFormat.RAW_RGB, EncodeSettings.DEFAULT))
        .containsExactly(picture().rgb());
  }

  @Test
  void encoder_worksOffTheCallersThread() throws Exception {
    try (PictureEncoder encoder = new PictureEncoder(1, 4)) {
      byte[] file =
          encoder
              .encode(picture(), PictureFormat.PNG, EncodeSettings.DEFAULT)
              .get(30, TimeUnit.SECONDS);
      assertThat(reader.read(file, WHITE).rgb()).containsExactly(picture().rgb());
    }
  }

  @Test
  void closedEncoder_refuses() {
    PictureEncoder encoder = new PictureEncoder(1, 4);
    encoder.close();
    assertThat(encoder.encode(picture(), PictureFormat.PNG, EncodeSettings.DEFAULT))
        .isCompletedExceptionally();
  }

  @Test
  void transparency_showsTheBackground() throws Exception {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00FF0000);
    image.setRGB(1, 0, 0xFF0000FF);
    byte[] rgb = reader.read(png(image), 0x102030).rgb();
    assertThat(rgb).containsExactly(0x10, 0x20, 0x30, 0, 0, 0xFF);
  }

  @Test
  void grey_isNotBrightened() throws Exception {
    BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setSample(0, 0, 0, 100);
    assertThat(reader.read(png(image), WHITE).rgb()).containsExactly(100, 100, 100);
  }

  @Test
  void bomb_isRefusedByItsHeader() throws Exception {
    byte[] file = png(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
    ByteBuffer.wrap(file).putInt(16, 60_000).putInt(20, 60_000);
    CRC32 crc = new CRC32();
    crc.update(file, 12, 17);
    ByteBuffer.wrap(file).putInt(29, (int) crc.getValue());
    assertThatThrownBy(() -> reader.read(file, WHITE))
        .isInstanceOf(PictureException.class)
        .hasMessage("picture must have 1 to 65536 pixels, has 60000x60000");
  }

  @Test
  void largeFile_isRefused() {
    assertThatThrownBy(() -> reader.read(new byte[(1 << 20) + 1], WHITE))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("at most 1048576 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GIF89a", "hello, this is no picture"})
  void otherContent_isRefused(String content) {
    assertThatThrownBy(() -> reader.read(content.getBytes(StandardCharsets.US_ASCII), WHITE))
        .isInstanceOf(PictureException.class)
        .hasMessage("picture must be a PNG, JPEG or WebP file");
  }

  @ParameterizedTest
  @EnumSource(
      value = PictureFormat.class,
      names = {"PNG", "JPEG", "WEBP"})
  void damagedFile_neverThrowsAnythingElse(PictureFormat format) {
    byte[] file = write(format, EncodeSettings.DEFAULT);
    for (int cut = 12; cut < file.length; cut += 7) {
      readDamaged(Arrays.copyOf(file, cut));
    }
    for (int i = 12; i < file.length; i += 11) {
      byte[] flipped = file.clone();
      flipped[i] ^= (byte) 0x55;
      readDamaged(flipped);
    }
  }

  private void readDamaged(byte[] file) {
    try {
      reader.read(file, WHITE);
    } catch (PictureException e) {
      assertThat(e).hasMessageContaining("picture");
    }
  }

  @ParameterizedTest
  @EnumSource(PictureFit.class)
  void fit_keepsFlatColours(PictureFit fit) {
    byte[] flat = new byte[3 * 30 * 20];
    Arrays.fill(flat, (byte) 200);
    RgbPicture fitted = fit.fit(new RgbPicture(30, 20, flat), 16, 16, 0xC8C8C8);
    assertThat(fitted.width()).isEqualTo(16);
    assertThat(fitted.height()).isEqualTo(16);
    assertThat(fitted.rgb()).containsOnly(200);
  }

  @Test
  void pad_centresThePicture() {
    RgbPicture fitted =
        PictureFit.PAD.fit(new RgbPicture(2, 1, new byte[] {9, 9, 9, 9, 9, 9}), 2, 3, 0x010203);
    assertThat(fitted.rgb()).containsExactly(1, 2, 3, 1, 2, 3, 9, 9, 9, 9, 9, 9, 1, 2, 3, 1, 2, 3);
  }

  @Test
  void centerCrop_cutsTheSides() {
    byte[] rgb = new byte[3 * 4];
    Arrays.fill(rgb, 3, 9, (byte) 50);
    RgbPicture fitted = PictureFit.CENTER_CROP.fit(new RgbPicture(4, 1, rgb), 1, 1, 0);
    assertThat(fitted.rgb()[0]).isBetween((byte) 40, (byte) 50);
  }

  @Test
  void stretch_averagesWhenShrinking() {
    byte[] rgb = new byte[3 * 64];
    for (int x = 0; x < 64; x += 2) {
      Arrays.fill(rgb, 3 * x, 3 * x + 3, (byte) 100);
    }
    byte[] small = PictureFit.STRETCH.fit(new RgbPicture(64, 1, rgb), 4, 1, 0).rgb();
    for (byte value : small) {
      assertThat(value).isBetween((byte) 48, (byte) 52);
    }
  }

  private static RgbPicture picture() {
    byte[] rgb = new byte[3 * 32 * 24];
    for (int i = 0; i < rgb.length; i++) {
      int x = i / 3 % 32;
      int y = i / 96;
      rgb[i] = (byte) (i % 3 == 0 ? 8 * x : i % 3 == 1 ? 10 * y : 4 * (x + y));
    }
    return new RgbPicture(32, 24, rgb);
  }

  private static byte[] write(PictureFormat format, EncodeSettings settings) {
    return PictureWriter.write(picture(), format, settings);
  }

  private static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, "png", out);
    return out.toByteArray();
  }

  private static double meanDifference(RgbPicture a, RgbPicture b) {
    double sum = 0;
    for (int i = 0; i < a.rgb().length; i++) {
      sum += Math.abs((a.rgb()[i] & 0xFF) - (b.rgb()[i] & 0xFF));
    }
    return sum / a.rgb().length;
  }
}

package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.RunningServer;
import io.madit.v1.ImageFit;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenizeTest {
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static ByteString png(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, ((x * 3) << 16) | ((y * 3) << 8) | (x ^ y));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", out);
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
    return ByteString.copyFrom(out.toByteArray());
  }

  /** A PNG whose header claims a huge picture, with a valid checksum. */
  private static ByteString bomb() {
    byte[] file = png(64, 64).toByteArray();
    ByteBuffer.wrap(file).putInt(16, 60_000).putInt(20, 60_000);
    CRC32 crc = new CRC32();
    crc.update(file, 12, 17);
    ByteBuffer.wrap(file).putInt(29, (int) crc.getValue());
    return ByteString.copyFrom(file);
  }

  private static TokenizeRequest.Builder request(ByteString file) {
    TokenizeRequest.Builder request = TokenizeRequest.newBuilder();
    request.getImageBuilder().setEncoded(file);
    return request;
  }

  private static TokenizeResponse tokenize(TokenizeRequest.Builder request) {
    return server.blocking().tokenize(request.build());
  }

  @Test
  void tokenize_givesIdsWithOffsetAndKl() {
    TokenizeResponse plain = tokenize(request(png(64, 64)));
    assertThat(plain.getVisual().getTokenIds().getIdsList())
        .hasSize(16)
        .allMatch(id -> id >= 0 && id < 64);
    TokenizeResponse shifted =
        tokenize(request(png(64, 64)).setVocabularyOffset(500).setIncludeTokenKl(true));
    assertThat(shifted.getVisual().getTokenIds().getIdsList())
        .isEqualTo(
            plain.getVisual().getTokenIds().getIdsList().stream().map(id -> id + 500).toList());
    assertThat(shifted.getTokenKlList()).hasSize(16);
  }

  @Test
  void tokenize_fitsOtherSizes() {
    for (ImageFit fit :
        new ImageFit[] {
          ImageFit.IMAGE_FIT_UNSPECIFIED, ImageFit.IMAGE_FIT_PAD, ImageFit.IMAGE_FIT_STRETCH
        }) {
      TokenizeRequest.Builder request = request(png(80, 50));
      request.getImageBuilder().setFit(fit);
      assertThat(tokenize(request).getVisual().getTokenIds().getIdsCount()).isEqualTo(16);
    }
  }

  private static Arguments bad(String field, Consumer<TokenizeRequest.Builder> change) {
    return Arguments.of(field, change);
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        bad("image", r -> r.clearImage()),
        bad("image.encoded", r -> r.getImageBuilder().setEncoded(ByteString.EMPTY)),
        bad(
            "image.encoded",
            r -> r.getImageBuilder().setEncoded(ByteString.copyFromUtf8("not a picture"))),
        bad("image.encoded", r -> r.getImageBuilder().setEncoded(png(64, 64).substring(0, 200))),
        bad("image.encoded", r -> r.getImageBuilder().setEncoded(bomb())),
        bad("image.raw.rgb", r -> r.getImageBuilder().getRawBuilder().setWidth(4).setHeight(4)),
        bad("image.raw.width", r -> r.getImageBuilder().getRawBuilder().setHeight(4)),
        bad("image.fit", r -> r.getImageBuilder().setFitValue(44)),
        bad(
            "image",
            r -> r.getImageBuilder().setFit(ImageFit.IMAGE_FIT_EXACT).setEncoded(png(65, 64))),
        bad("image.background_rgb", r -> r.getImageBuilder().setBackgroundRgb(0x1000000)),
        bad("token_count", r -> r.setTokenCount(3)),
        bad("vocabulary_offset", r -> r.setVocabularyOffset(-1)),
        bad("sample_posterior", r -> r.setSamplePosterior(true)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void tokenize_namesTheFieldThatDoesNotFit(String field, Consumer<TokenizeRequest.Builder> change)
      throws Exception {
    TokenizeRequest.Builder request = request(png(64, 64));
    change.accept(request);
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> tokenize(request));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(Requests.violatedFields(e)).contains(field);
    Gauges.awaitZero(server);
  }
}

package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.client.MaditClient;
import io.madit.client.Picture;
import io.madit.client.PictureOptions;
import io.madit.v1.SamplingOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** The image as it is, with its own model. */
class FirstPictureIT {
  private static final double DECIBELS = 20;

  @Test
  void picture_comesBackFromItsIds() throws Exception {
    Path file = Server.ROOT.resolve(Path.of("demo", "pictures", "tree.png"));
    try (Server server = Server.nano()) {
      server.start();
      try (MaditClient client = server.client()) {
        int[] ids = client.tokenize(Files.readAllBytes(file));
        PictureOptions fast =
            PictureOptions.defaults()
                .withSampling(SamplingOptions.newBuilder().setPreset("fast").setSeed(7).build());
        Picture picture = client.detokenize(ids, fast);
        assertThat(Pixels.psnr(picture.image(), ImageIO.read(file.toFile())))
            .isGreaterThan(DECIBELS);
      }
      assertThat(server.execInContainer("/opt/madit/bin/madit-health").getExitCode()).isZero();
    }
  }
}

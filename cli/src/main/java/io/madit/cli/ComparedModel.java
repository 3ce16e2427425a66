package io.madit.cli;

import com.google.protobuf.ByteString;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.ImageInput;
import io.madit.v1.Model;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.VisualTokens;
import java.awt.image.BufferedImage;

/** A second model of the demo: each picture through its tokens and back, in two calls. */
final class ComparedModel {
  private final MaditClient client;
  private final Model model;
  private final long seed;

  ComparedModel(MaditClient client, Model model, long seed) {
    this.client = client;
    this.model = model;
    this.seed = seed;
  }

  /** What stands above its pictures. */
  String heading() {
    return "%s, %d tokens".formatted(model.getName(), model.getDefaultTokenCount());
  }

  /**
   * The picture that its tokens give, as large as {@code picture}.
   *
   * @param caption sent where the model reads text; may be empty
   */
  BufferedImage draw(BufferedImage picture, String caption) {
    VisualTokens tokens =
        client
            .tokenize(
                TokenizeRequest.newBuilder()
                    .setModel(model.getName())
                    .setImage(
                        ImageInput.newBuilder()
                            .setEncoded(ByteString.copyFrom(PictureFile.png(picture))))
                    .build())
            .getVisual();
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder()
            .setModel(model.getName())
            .setVisual(tokens)
            .setSampling(SamplingOptions.newBuilder().setSeed(seed));
    if (!caption.isEmpty() && model.getText().getAcceptsText()) {
      request.setConditioning(Conditioning.newBuilder().setText(caption));
    }
    byte[] drawn = client.detokenize(request.build()).getOutput().getData().toByteArray();
    return PictureFile.fit(PictureFile.parse(drawn), picture.getWidth(), picture.getHeight());
  }
}

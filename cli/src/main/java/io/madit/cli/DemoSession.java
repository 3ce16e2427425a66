package io.madit.cli;

import com.google.protobuf.ByteString;
import com.google.rpc.Status;
import io.madit.v1.BeginImage;
import io.madit.v1.Conditioning;
import io.madit.v1.ImageError;
import io.madit.v1.ImageInput;
import io.madit.v1.ImagePreview;
import io.madit.v1.Model;
import io.madit.v1.OutputFormat;
import io.madit.v1.SamplingOptions;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Plays the language model: tokenizes a picture, shifts the ids into a vocabulary as a language
 * model has it, and streams them, then the end-of-image id.
 */
final class DemoSession {
  /** The last ordinary id of the simulated language model; visual ids follow it. */
  static final int END_OF_IMAGE_ID = 151_935;

  static final int VOCABULARY_OFFSET = END_OF_IMAGE_ID + 1;

  /** Frames of the animated strip, about. */
  private static final int PREVIEWS = 16;

  private final MaditClient client;
  private final Model model;
  private final SamplingOptions sampling;
  private final Optional<ComparedModel> compared;

  DemoSession(
      MaditClient client, Model model, SamplingOptions sampling, Optional<ComparedModel> compared) {
    this.client = client;
    this.model = model;
    this.sampling = sampling;
    this.compared = compared;
  }

  /**
   * Draws one picture.
   *
   * @param useCaption send the caption as text, if the model takes text
   * @param events called with every event of the stream
   */
  DrawnPicture draw(
      DemoPicture picture, boolean useCaption, Consumer<StreamDetokenizeResponse> events) {
    BufferedImage fitted =
        PictureFile.fit(picture.picture(), model.getImageWidth(), model.getImageHeight());
    TokenizeResponse tokens = tokenize(fitted);
    List<Integer> ids = new ArrayList<>(tokens.getVisual().getTokenIds().getIdsList());
    ids.add(END_OF_IMAGE_ID);

    List<ImagePreview> previews = Collections.synchronizedList(new ArrayList<>());
    String caption = useCaption ? picture.caption() : "";
    StreamDetokenizeResponse last =
        client.stream(
            begin(caption),
            ids,
            event -> {
              if (event.hasPreview()) {
                previews.add(event.getPreview());
              }
              events.accept(event);
            });
    if (last.hasError()) {
      throw new CommandFailure(picture.name() + ": " + describe(last.getError()));
    }
    return new DrawnPicture(
        picture.name(),
        picture.caption(),
        fitted,
        tokens.getTokenKlList(),
        List.copyOf(previews),
        compared.map(other -> other.draw(fitted, caption)),
        last.getImage());
  }

  private TokenizeResponse tokenize(BufferedImage picture) {
    return client.tokenize(
        TokenizeRequest.newBuilder()
            .setModel(model.getName())
            .setImage(
                ImageInput.newBuilder().setEncoded(ByteString.copyFrom(PictureFile.png(picture))))
            .setVocabularyOffset(VOCABULARY_OFFSET)
            .setIncludeTokenKl(true)
            .build());
  }

  private BeginImage begin(String text) {
    BeginImage.Builder begin =
        BeginImage.newBuilder()
            .setModel(model.getName())
            .setSampling(sampling)
            .setVocabularyOffset(VOCABULARY_OFFSET)
            .setEndOfImageId(END_OF_IMAGE_ID)
            .setProgress(true)
            .setPreviewEveryRounds(Math.max(1, rounds() / PREVIEWS))
            .setPreviewFormat(OutputFormat.OUTPUT_FORMAT_PNG);
    if (!text.isEmpty() && model.hasText()) {
      begin.setConditioning(Conditioning.newBuilder().setText(text));
    }
    return begin.build();
  }

  /** Rounds that will be run: no more than patches. */
  int rounds() {
    int asked =
        sampling.hasRounds() ? sampling.getRounds() : model.getSamplingDefaults().getRounds();
    return Math.max(1, Math.min(asked, model.getGridHeight() * model.getGridWidth()));
  }

  private static String describe(ImageError error) {
    return MaditClient.describe(
        Status.newBuilder()
            .setCode(error.getCode())
            .setMessage(error.getMessage())
            .addAllDetails(error.getDetailsList())
            .build());
  }
}

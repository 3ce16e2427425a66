package io.madit.client;

import io.madit.v1.BeginImage;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import io.madit.v1.RequestOptions;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.util.Arrays;

/**
 * What a picture is drawn from beside its ids, and how. Ranges and defaults are those of the API's
 * fields; an empty message means the defaults.
 *
 * @param model NAME or NAME@VERSION; empty: the server's default
 * @param vocabularyOffset what to subtract from each id, unsigned: the first visual id of the
 *     language model
 */
public record PictureOptions(
    String model,
    int vocabularyOffset,
    Conditioning conditioning,
    SamplingOptions sampling,
    OutputOptions output,
    RequestOptions request) {

  /** All defaults. */
  public static PictureOptions defaults() {
    return new PictureOptions(
        "",
        0,
        Conditioning.getDefaultInstance(),
        SamplingOptions.getDefaultInstance(),
        OutputOptions.getDefaultInstance(),
        RequestOptions.getDefaultInstance());
  }

  /** The same with another model. */
  public PictureOptions withModel(String other) {
    return new PictureOptions(other, vocabularyOffset, conditioning, sampling, output, request);
  }

  /** The same with another offset. */
  public PictureOptions withVocabularyOffset(int other) {
    return new PictureOptions(model, other, conditioning, sampling, output, request);
  }

  /** The same with a prompt, for models that take one. */
  public PictureOptions withText(String text) {
    return withConditioning(conditioning.toBuilder().setText(text).build());
  }

  /** The same with another conditioning. */
  public PictureOptions withConditioning(Conditioning other) {
    return new PictureOptions(model, vocabularyOffset, other, sampling, output, request);
  }

  /** The same with a seed of all noise. */
  public PictureOptions withSeed(long seed) {
    return withSampling(sampling.toBuilder().setSeed(seed).build());
  }

  /** The same with other sampling; its seed counts, too. */
  public PictureOptions withSampling(SamplingOptions other) {
    return new PictureOptions(model, vocabularyOffset, conditioning, other, output, request);
  }

  /** The same in another format. */
  public PictureOptions withFormat(OutputFormat format) {
    return withOutput(output.toBuilder().setFormat(format).build());
  }

  /** The same with other output options. */
  public PictureOptions withOutput(OutputOptions other) {
    return new PictureOptions(model, vocabularyOffset, conditioning, sampling, other, request);
  }

  /** The same with other request options. */
  public PictureOptions withRequest(RequestOptions other) {
    return new PictureOptions(model, vocabularyOffset, conditioning, sampling, output, other);
  }

  DetokenizeRequest detokenize(int[] ids) {
    TokenIds tokens =
        TokenIds.newBuilder()
            .addAllIds(Arrays.stream(ids).boxed().toList())
            .setVocabularyOffset(vocabularyOffset)
            .build();
    return DetokenizeRequest.newBuilder()
        .setModel(model)
        .setVisual(VisualTokens.newBuilder().setTokenIds(tokens))
        .setConditioning(conditioning)
        .setSampling(sampling)
        .setOutput(output)
        .setOptions(request)
        .build();
  }

  BeginImage begin(Updates updates) {
    return BeginImage.newBuilder()
        .setModel(model)
        .setVocabularyOffset(vocabularyOffset)
        .setConditioning(conditioning)
        .setSampling(sampling)
        .setOutput(output)
        .setOptions(request)
        .setProgress(updates.progress())
        .setPreviewEveryRounds(updates.previewEveryRounds())
        .setPreviewFormat(updates.previewFormat())
        .build();
  }
}

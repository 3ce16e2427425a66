package io.madit.client;

import io.madit.v1.BeginImage;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.Completion;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.GenerateRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import io.madit.v1.RequestOptions;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.util.Arrays;
import java.util.Map;

/**
 * What a picture is drawn from beside its ids, and how. Ranges and defaults are those of the API's
 * fields; an empty message means the defaults.
 *
 * @param model NAME or NAME@VERSION; empty: the server's default
 * @param vocabularyOffset what to subtract from each given id, and to add to each that comes back,
 *     unsigned: the first visual id of the language model
 * @param completion the model that draws the ids that are not given; default: all must be given
 */
public record PictureOptions(
    String model,
    int vocabularyOffset,
    Conditioning conditioning,
    SamplingOptions sampling,
    OutputOptions output,
    Completion completion,
    RequestOptions request) {

  /** All defaults. */
  public static PictureOptions defaults() {
    return new PictureOptions(
        "",
        0,
        Conditioning.getDefaultInstance(),
        SamplingOptions.getDefaultInstance(),
        OutputOptions.getDefaultInstance(),
        Completion.getDefaultInstance(),
        RequestOptions.getDefaultInstance());
  }

  /** The same with another model. */
  public PictureOptions withModel(String other) {
    return new PictureOptions(
        other, vocabularyOffset, conditioning, sampling, output, completion, request);
  }

  /** The same with another offset. */
  public PictureOptions withVocabularyOffset(int other) {
    return new PictureOptions(model, other, conditioning, sampling, output, completion, request);
  }

  /** The same with a prompt, for models that take one. */
  public PictureOptions withText(String text) {
    return withConditioning(conditioning.toBuilder().setText(text).build());
  }

  /** The same with another conditioning. */
  public PictureOptions withConditioning(Conditioning other) {
    return new PictureOptions(
        model, vocabularyOffset, other, sampling, output, completion, request);
  }

  /** The same with a seed of all noise. */
  public PictureOptions withSeed(long seed) {
    return withSampling(sampling.toBuilder().setSeed(seed).build());
  }

  /** The same with other sampling; its seed counts, too. */
  public PictureOptions withSampling(SamplingOptions other) {
    return new PictureOptions(
        model, vocabularyOffset, conditioning, other, output, completion, request);
  }

  /** The same in another format. */
  public PictureOptions withFormat(OutputFormat format) {
    return withOutput(output.toBuilder().setFormat(format).build());
  }

  /** The same with other output options. */
  public PictureOptions withOutput(OutputOptions other) {
    return new PictureOptions(
        model, vocabularyOffset, conditioning, sampling, other, completion, request);
  }

  /** The same with a model that draws the ids that are not given. */
  public PictureOptions withCompletion(String model) {
    return withCompletion(completion.toBuilder().setModel(model).build());
  }

  /** The same with another completion. */
  public PictureOptions withCompletion(Completion other) {
    return new PictureOptions(
        model, vocabularyOffset, conditioning, sampling, output, other, request);
  }

  /** The same with other request options. */
  public PictureOptions withRequest(RequestOptions other) {
    return new PictureOptions(
        model, vocabularyOffset, conditioning, sampling, output, completion, other);
  }

  DetokenizeRequest detokenize(int[] ids) {
    return detokenize(tokens(ids));
  }

  DetokenizeRequest detokenize(Map<Integer, Integer> known) {
    return detokenize(tokens(known));
  }

  private DetokenizeRequest detokenize(TokenIds tokens) {
    DetokenizeRequest.Builder detokenize =
        DetokenizeRequest.newBuilder()
            .setModel(model)
            .setVisual(VisualTokens.newBuilder().setTokenIds(tokens))
            .setConditioning(conditioning)
            .setSampling(sampling)
            .setOutput(output)
            .setOptions(request);
    if (completes()) {
      detokenize.setCompletion(completion);
    }
    return detokenize.build();
  }

  GenerateRequest generate() {
    return GenerateRequest.newBuilder()
        .setModel(model)
        .setVocabularyOffset(vocabularyOffset)
        .setConditioning(conditioning)
        .setSampling(sampling)
        .setOutput(output)
        .setOptions(request)
        .build();
  }

  CompleteTokensRequest completeTokens(int[] known) {
    return completeTokens(tokens(known));
  }

  CompleteTokensRequest completeTokens(Map<Integer, Integer> known) {
    return completeTokens(tokens(known));
  }

  private CompleteTokensRequest completeTokens(TokenIds known) {
    return CompleteTokensRequest.newBuilder()
        .setModel(model)
        .setKnown(known)
        .setConditioning(conditioning)
        .setSampling(sampling)
        .setOptions(request)
        .build();
  }

  BeginImage begin(Updates updates) {
    BeginImage.Builder begin =
        BeginImage.newBuilder()
            .setModel(model)
            .setVocabularyOffset(vocabularyOffset)
            .setConditioning(conditioning)
            .setSampling(sampling)
            .setOutput(output)
            .setOptions(request)
            .setProgress(updates.progress())
            .setPreviewEveryRounds(updates.previewEveryRounds())
            .setPreviewFormat(updates.previewFormat());
    if (completes()) {
      begin.setCompletion(completion);
    }
    return begin.build();
  }

  private boolean completes() {
    return !completion.equals(Completion.getDefaultInstance());
  }

  private TokenIds tokens(int[] ids) {
    return TokenIds.newBuilder()
        .addAllIds(Arrays.stream(ids).boxed().toList())
        .setVocabularyOffset(vocabularyOffset)
        .build();
  }

  private TokenIds tokens(Map<Integer, Integer> known) {
    TokenIds.Builder tokens = TokenIds.newBuilder().setVocabularyOffset(vocabularyOffset);
    known.forEach((position, id) -> tokens.addPositions(position).addIds(id));
    return tokens.build();
  }
}

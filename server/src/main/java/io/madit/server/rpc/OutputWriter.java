package io.madit.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.madit.server.engine.DetokenizeResult;
import io.madit.server.image.EncodeSettings;
import io.madit.server.image.PictureEncoder;
import io.madit.server.image.PictureFormat;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.Manifest;
import io.madit.server.model.VisualInput;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.VisualTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Results to output messages, on the encoder's pool. */
public final class OutputWriter {
  private final PictureEncoder encoder;

  public OutputWriter(PictureEncoder encoder) {
    this.encoder = encoder;
  }

  /** All formats asked for, in order. */
  CompletableFuture<List<Output>> write(
      DetokenizeResult result, Manifest manifest, OutputSpec spec) {
    List<CompletableFuture<Output>> parts = new ArrayList<>();
    for (OutputFormat format : spec.formats()) {
      parts.add(
          OutputSpec.isPicture(format)
              ? picture(result.picture().orElseThrow(), format, spec.encoding())
              : CompletableFuture.completedFuture(numbers(result, format, manifest)));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done -> parts.stream().map(CompletableFuture::join).toList());
  }

  CompletableFuture<Output> picture(
      RgbPicture picture, OutputFormat format, EncodeSettings encoding) {
    PictureFormat target = target(format);
    return encoder
        .encode(picture, target, encoding)
        .thenApply(
            bytes ->
                Output.newBuilder()
                    .setFormat(format)
                    .setMediaType(target.mediaType())
                    .setWidth(picture.width())
                    .setHeight(picture.height())
                    .setData(bytes(bytes))
                    .build());
  }

  /** The encoder hands its array over, so it need not be copied. */
  private static ByteString bytes(byte[] owned) {
    return UnsafeByteOperations.unsafeWrap(owned);
  }

  private static PictureFormat target(OutputFormat format) {
    return switch (format) {
      case OUTPUT_FORMAT_PNG -> PictureFormat.PNG;
      case OUTPUT_FORMAT_JPEG -> PictureFormat.JPEG;
      case OUTPUT_FORMAT_WEBP -> PictureFormat.WEBP;
      case OUTPUT_FORMAT_RAW_RGB -> PictureFormat.RAW_RGB;
      default -> throw new IllegalArgumentException(format + " is not a picture");
    };
  }

  private static Output numbers(DetokenizeResult result, OutputFormat format, Manifest manifest) {
    return switch (format) {
      case OUTPUT_FORMAT_TOKENS -> tokens(result.tokens().orElseThrow(), manifest, 0);
      case OUTPUT_FORMAT_PIXELS -> pixels(result.pixels().orElseThrow(), manifest.image());
      default -> latents(result.latents().orElseThrow(), manifest);
    };
  }

  private static Output pixels(float[] values, Manifest.Image size) {
    return Output.newBuilder()
        .setFormat(OutputFormat.OUTPUT_FORMAT_PIXELS)
        .setWidth(size.width())
        .setHeight(size.height())
        .setTensor(Tensors.float32(values, 3, size.height(), size.width()))
        .build();
  }

  /**
   * Ids or continuous tokens.
   *
   * @param offset added to each id
   */
  static Output tokens(VisualInput tokens, Manifest manifest, int offset) {
    Output.Builder output = Output.newBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_TOKENS);
    VisualTokens message = VisualMessages.tokens(tokens, manifest, offset);
    return message.hasTokenIds()
        ? output.setTokenIds(message.getTokenIds()).build()
        : output.setTensor(message.getContinuousTokens()).build();
  }

  private static Output latents(float[] values, Manifest manifest) {
    Manifest.Latent size = manifest.latent();
    return Output.newBuilder()
        .setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS)
        .setTensor(Tensors.float32(values, size.channels(), size.height(), size.width()))
        .build();
  }
}

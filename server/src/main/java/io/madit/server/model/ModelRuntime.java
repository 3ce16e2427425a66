package io.madit.server.model;

import io.madit.server.image.RgbPicture;
import java.util.List;

/**
 * One loaded model: the only seam between the engine and tensors. Not thread-safe: the engine
 * thread makes it, calls it and closes it. All methods take and return plain Java values; failures
 * are {@link RuntimeFailure}s after which the runtime can still be used unless {@link
 * RuntimeFailure#sticky()}.
 */
public interface ModelRuntime extends AutoCloseable {
  /** Precision of the rounds. */
  Precision precision();

  /** "cpu" or "cuda:N". */
  String device();

  /**
   * Makes the state of a picture: its condition and, in reveal order, its initial canvas (the
   * tokenizer's read-out, zero where ids are missing or tokens are continuous).
   *
   * @param visual ids, continuous tokens or a class; never latents
   * @param order raster indices {@code [N]}
   */
  SessionState open(VisualInput visual, TextConditioning text, int[] order);

  /**
   * Runs one packed round. On failure no canvas has changed, so that a smaller batch can be tried.
   *
   * @param tasks at least one; states of this runtime, each at most once
   */
  void round(List<RoundTask> tasks);

  /** The tokens so far of a token generator: all of them after the last round. */
  VisualInput tokens(SessionState state);

  /** The picture so far: revealed patches, and the read-out elsewhere. */
  RgbPicture decode(SessionState state);

  /** Latents in model space {@code [C][h][w]}. */
  float[] latents(SessionState state);

  /** Decodes latents in model space {@code [C][h][w]}. */
  RgbPicture decodeLatents(float[] latents);

  /** Unclamped pixels {@code [3][H][W]} of latents in model space, in the model's own range. */
  float[] pixels(float[] latents);

  /** Tokenizes a picture: ids {@code [L]}, or continuous tokens. */
  VisualInput encode(EncoderInput input);

  /** Native arrays alive, for leak checks. */
  int liveArrays();

  @Override
  void close();
}

package io.madit.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.madit.server.image.RgbPicture;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** {@link ModelRuntime} on libtorch. Every temporary lives in a scope that ends with the call. */
final class DjlRuntime implements ModelRuntime {
  private final Manifest manifest;
  private final TorchScript script;

  /**
   * Root of all managers. Itself for what scripts read on the host whatever the device: budgets and
   * scales.
   */
  private final NDManager host;

  private final Precision precision;
  private final String device;
  private final RoundRows rows;

  DjlRuntime(
      Manifest manifest, TorchScript script, NDManager host, Precision precision, String device) {
    this.manifest = manifest;
    this.script = script;
    this.host = host;
    this.precision = precision;
    this.device = device;
    this.rows = manifest.byCertainty() ? RoundRows.OF_IDS : RoundRows.OF_PATCHES;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public String device() {
    return device;
  }

  @Override
  public SessionState open(VisualInput visual, TextConditioning text, int[] order) {
    PtNDManager scope = script.scope();
    try {
      PtNDArray places = (PtNDArray) TorchScript.int64(scope, order);
      PtNDArray cond = condition(scope, visual, text);
      return new DjlState(scope, cond, canvas(scope, visual, places), places);
    } catch (RuntimeException e) {
      scope.close();
      throw e;
    }
  }

  private PtNDArray condition(PtNDManager scope, VisualInput visual, TextConditioning text) {
    if (manifest.captioned()) {
      return new CaptionCondition(manifest, script).of(scope, text);
    }
    try (PtNDManager inputs = script.scope()) {
      NDArray features = features(inputs, text);
      if (visual instanceof VisualInput.ContinuousTokens tokens) {
        Shape shape = new Shape(manifest.tokens().count(), manifest.tokens().dim());
        return script.tensor(
            scope,
            "condition_tokens",
            TorchScript.tensor(inputs.create(tokens.values(), shape)),
            TorchScript.tensor(features));
      }
      return script.tensor(
          scope,
          "condition",
          TorchScript.tensor(TorchScript.int64(inputs, source(visual))),
          TorchScript.tensor(features));
    }
  }

  /** Text embeddings {@code [S, E]}; S = 0 without text. */
  private NDArray features(PtNDManager scope, TextConditioning text) {
    int width = manifest.featureDim();
    if (text instanceof TextConditioning.TokenIds input) {
      return script.tensor(
          scope, "embed_text", TorchScript.tensor(TorchScript.int64(scope, input.ids())));
    }
    if (text instanceof TextConditioning.Embeddings input) {
      return scope.create(input.values(), new Shape(input.length(), width));
    }
    return scope.zeros(new Shape(0, width));
  }

  private PtNDArray canvas(PtNDManager scope, VisualInput visual, NDArray order) {
    try (PtNDManager inputs = script.scope()) {
      return script.tensor(
          scope,
          "canvas",
          TorchScript.tensor(TorchScript.int64(inputs, ids(visual))),
          TorchScript.tensor(order));
    }
  }

  /** What is known of the picture; the ids of a token generator are its canvas. */
  private int[] source(VisualInput visual) {
    return visual instanceof VisualInput.PartialIds input ? new int[] {input.label()} : ids(visual);
  }

  /** Ids of the visual tokens, all missing where they are continuous; or the class alone. */
  private int[] ids(VisualInput visual) {
    if (visual instanceof VisualInput.TokenIds input) {
      return input.ids();
    }
    if (visual instanceof VisualInput.PartialIds input) {
      return input.ids();
    }
    if (visual instanceof VisualInput.ClassLabel input) {
      return new int[] {input.label()};
    }
    int[] missing = new int[manifest.tokens().count()];
    Arrays.fill(missing, -1);
    return missing;
  }

  @Override
  public void round(List<RoundTask> tasks) {
    try (NDManager scope = host.newSubManager()) {
      script.run(
          "round",
          states(tasks, DjlState::cond),
          states(tasks, DjlState::canvas),
          states(tasks, DjlState::order),
          TorchScript.tensor(rows.budget(scope, tasks)),
          TorchScript.tensor(rows.scales(scope, tasks)));
    }
  }

  private static IValue states(List<RoundTask> tasks, Function<DjlState, PtNDArray> part) {
    return IValue.listFrom(
        tasks.stream().map(t -> part.apply((DjlState) t.state())).toArray(PtNDArray[]::new));
  }

  @Override
  public VisualInput tokens(SessionState state) {
    DjlState own = (DjlState) state;
    try (PtNDManager scope = script.scope()) {
      return visualTokens(
          script.tensor(
              scope,
              "picture_tokens",
              TorchScript.tensor(own.canvas()),
              TorchScript.tensor(own.order())));
    }
  }

  private VisualInput visualTokens(PtNDArray tokens) {
    return manifest.discrete()
        ? new VisualInput.TokenIds(
            Arrays.stream(tokens.toLongArray()).mapToInt(Math::toIntExact).toArray())
        : new VisualInput.ContinuousTokens(tokens.toFloatArray());
  }

  @Override
  public RgbPicture decode(SessionState state) {
    DjlState own = (DjlState) state;
    try (PtNDManager scope = script.scope()) {
      return picture(
          script.tensor(
              scope, "decode", TorchScript.tensor(own.canvas()), TorchScript.tensor(own.order())));
    }
  }

  @Override
  public float[] latents(SessionState state) {
    DjlState own = (DjlState) state;
    try (PtNDManager scope = script.scope()) {
      return script
          .tensor(
              scope, "latents", TorchScript.tensor(own.canvas()), TorchScript.tensor(own.order()))
          .toFloatArray();
    }
  }

  @Override
  public RgbPicture decodeLatents(float[] latents) {
    try (PtNDManager scope = script.scope()) {
      NDArray values = scope.create(latents, latentShape());
      return picture(script.tensor(scope, "decode_latents", TorchScript.tensor(values)));
    }
  }

  private static RgbPicture picture(PtNDArray pixels) {
    Shape shape = pixels.getShape();
    return new RgbPicture((int) shape.get(1), (int) shape.get(0), pixels.toByteArray());
  }

  @Override
  public float[] pixels(float[] latents) {
    try (PtNDManager scope = script.scope()) {
      return script
          .tensor(scope, "pixels", TorchScript.tensor(scope.create(latents, latentShape())))
          .toFloatArray();
    }
  }

  @Override
  public VisualInput encode(EncoderInput input) {
    try (PtNDManager scope = script.scope()) {
      PtNDArray tokens = tokens(scope, input);
      return visualTokens(tokens);
    }
  }

  private PtNDArray tokens(PtNDManager scope, EncoderInput input) {
    if (input instanceof EncoderInput.Rgb rgb) {
      RgbPicture picture = rgb.picture();
      Shape shape = new Shape(picture.height(), picture.width(), 3);
      NDArray pixels = TorchScript.uint8(scope, picture.rgb(), shape);
      return script.tensor(scope, "encode", TorchScript.tensor(pixels));
    }
    if (input instanceof EncoderInput.Pixels pixels) {
      Shape shape = new Shape(3, manifest.image().height(), manifest.image().width());
      NDArray values = scope.create(pixels.values(), shape);
      PtNDArray vectors = script.tensor(scope, "encode_pixels", TorchScript.tensor(values));
      return manifest.discrete()
          ? script.tensor(scope, "nearest", TorchScript.tensor(vectors))
          : (PtNDArray) vectors.get(":, :" + manifest.tokens().dim()); // mean, then log variance
    }
    NDArray values = scope.create(((EncoderInput.Latents) input).values(), latentShape());
    return script.tensor(scope, "ids_of", TorchScript.tensor(values));
  }

  private Shape latentShape() {
    Manifest.Latent size = manifest.latent();
    return new Shape(size.channels(), size.height(), size.width());
  }

  @Override
  public int liveArrays() {
    return host.getManagedArrays().size();
  }

  @Override
  public void close() {
    script.close();
    host.close();
  }
}

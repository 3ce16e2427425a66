package io.madit.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Calls every entry point of a script once and compares shapes with the manifest. Warms the script
 * up on the way.
 */
final class ScriptChecks {
  private final TorchScript script;
  private final Manifest manifest;

  ScriptChecks(TorchScript script, Manifest manifest) {
    this.script = script;
    this.manifest = manifest;
  }

  void run() throws BundleException {
    for (String method : methods()) {
      if (!script.has(method)) {
        throw new BundleException(Bundle.MODEL, "has no method " + method);
      }
    }
    try (PtNDManager scope = script.scope()) {
      text(scope);
      if (manifest.drawsTokens()) {
        generator(scope);
        return;
      }
      NDArray noText = scope.zeros(new Shape(0, manifest.featureDim()));
      if (manifest.takesTokens()) {
        continuous(scope, noText);
      }
      if (!manifest.takesTokens() || manifest.discrete()) {
        ids(scope, noText);
      }
      if (manifest.autoencoder()) {
        pictures(scope);
      }
    }
  }

  private List<String> methods() {
    List<String> methods =
        new ArrayList<>(List.of("condition", "canvas", "round", "use_precision"));
    methods.add(manifest.drawsTokens() ? "picture_tokens" : "latents");
    if (manifest.autoencoder()) {
      methods.addAll(List.of("decode", "decode_latents"));
    }
    if (manifest.takesTokens() && !manifest.drawsTokens()) {
      methods.add("condition_tokens");
    }
    if (manifest.encodesPictures()) {
      methods.add("encode");
    }
    if (manifest.family().readsAndGivesPixels()) {
      methods.addAll(List.of("encode_pixels", "pixels"));
    }
    if (manifest.family().tokenizesLatents()) {
      methods.add("ids_of");
    }
    if (manifest.textLimits().isPresent()) {
      methods.add("embed_text");
    }
    if (manifest.captioned()) {
      methods.add("pool_text");
    }
    return methods;
  }

  private void text(PtNDManager scope) throws BundleException {
    if (manifest.textLimits().filter(Manifest.Text::tokenized).isPresent()) {
      Manifest.Text limits = manifest.text();
      NDArray ids = TorchScript.int64(scope, new int[] {limits.vocabularySize() - 1});
      // Special tokens are those of a text tower, which gives features of all positions.
      long rows = limits.specialTokens() ? limits.maxTokens() : 1;
      shape("text.vocabulary_size", "text.embed_dim", "embed_text", scope, ids)
          .is(rows, limits.embedDim());
      if (manifest.captioned()) {
        shape("text.vocabulary_size", "text.pooled_dim", "pool_text", scope, ids)
            .is(limits.pooledDim());
      }
    }
  }

  private void generator(PtNDManager scope) throws BundleException {
    if (manifest.captioned()) {
      captioned(scope);
    } else {
      completing(scope);
    }
  }

  /** A caption of zeros, nothing known. */
  private void captioned(PtNDManager scope) throws BundleException {
    new Checked("text", "condition", captionSlots(scope))
        .is(manifest.slots(), manifest.hiddenDim());
    int count = manifest.tokens().count();
    int[] missing = new int[count];
    Arrays.fill(missing, -1);
    NDArray ids = TorchScript.int64(scope, missing);
    NDArray order = TorchScript.int64(scope, IntStream.range(0, count).toArray());
    long[] size =
        manifest.discrete() ? new long[] {count} : new long[] {count, manifest.tokens().dim()};
    Checked canvas = shape("tokens.count", "tokens.dim", "canvas", scope, ids, order);
    canvas.is(size);
    shape("tokens.count", "tokens.dim", "picture_tokens", scope, canvas.result(), order).is(size);
  }

  private PtNDArray captionSlots(PtNDManager scope) throws BundleException {
    try {
      return new CaptionCondition(manifest, script).of(scope, TextConditioning.NONE);
    } catch (RuntimeFailure e) {
      throw new BundleException("text", "does not fit " + Bundle.MODEL + ": " + e.getMessage());
    }
  }

  /** All ids missing; the last class, and as many features as there can be. */
  private void completing(PtNDManager scope) throws BundleException {
    int label = manifest.classes() == null ? -1 : manifest.classes().count() - 1;
    int length = manifest.featureLimits().map(Manifest.Features::maxLength).orElse(0);
    NDArray features = scope.zeros(new Shape(length, manifest.featureDim()));
    NDArray source = TorchScript.int64(scope, new int[] {label});
    String field = label < 0 ? "slots" : "classes.count";
    shape(field, "slots", "condition", scope, source, features)
        .is(manifest.slots(), manifest.hiddenDim());
    int[] above = new int[manifest.tokens().count()];
    Arrays.fill(above, manifest.codebook().size());
    NDArray ids = TorchScript.int64(scope, above);
    Checked canvas = shape("tokens.count", "tokens.count", "canvas", scope, ids, ids);
    canvas.is(above.length);
    // The mask itself, the first id above the codebook, becomes the last codeword.
    Checked drawn = shape("tokens.count", "tokens.count", "picture_tokens", scope, ids, ids);
    if (drawn.result().toLongArray()[0] != manifest.codebook().size() - 1) {
      throw new BundleException("codebook.size", "does not fit " + Bundle.MODEL);
    }
  }

  private void continuous(PtNDManager scope, NDArray noText) throws BundleException {
    NDArray tokens = scope.zeros(new Shape(manifest.tokens().count(), manifest.tokens().dim()));
    String dim = manifest.discrete() ? "codebook.dim" : "tokens.dim";
    shape(dim, "hidden_dim", "condition_tokens", scope, tokens, noText)
        .is(manifest.slots(), manifest.hiddenDim());
  }

  /** The last codeword everywhere, or the last class. */
  private void ids(PtNDManager scope, NDArray noText) throws BundleException {
    int count = manifest.takesTokens() ? manifest.tokens().count() : 1;
    String field = manifest.takesTokens() ? "codebook.size" : "classes.count";
    int size = manifest.takesTokens() ? manifest.codebook().size() : manifest.classes().count();
    int[] last = new int[count];
    Arrays.fill(last, size - 1);
    NDArray ids = TorchScript.int64(scope, last);
    shape(field, "hidden_dim", "condition", scope, ids, noText)
        .is(manifest.slots(), manifest.hiddenDim());
    int patches = manifest.grid().patches();
    NDArray order = TorchScript.int64(scope, IntStream.range(0, patches).toArray());
    Checked canvas = shape(field, "patch_dim", "canvas", scope, ids, order);
    canvas.is(patches, manifest.patchDim());
    Manifest.Latent latent = manifest.latent();
    shape("latent", "latent", "latents", scope, canvas.result(), order)
        .is(latent.channels(), latent.height(), latent.width());
  }

  private void pictures(PtNDManager scope) throws BundleException {
    Manifest.Latent latent = manifest.latent();
    Shape size = new Shape(latent.channels(), latent.height(), latent.width());
    Checked decoded = shape("latent", "image", "decode_latents", scope, scope.zeros(size));
    decoded.is(manifest.image().height(), manifest.image().width(), 3);
    if (manifest.encodesPictures()) {
      Checked tokens = shape("image", "tokens.count", "encode", scope, decoded.result());
      if (manifest.discrete()) {
        tokens.is(manifest.tokens().count());
      } else {
        tokens.is(manifest.tokens().count(), manifest.tokens().dim());
      }
    }
  }

  private Checked shape(
      String inputField, String field, String method, PtNDManager scope, NDArray... inputs)
      throws BundleException {
    IValue[] arguments = Arrays.stream(inputs).map(TorchScript::tensor).toArray(IValue[]::new);
    try {
      return new Checked(field, method, script.tensor(scope, method, arguments));
    } catch (RuntimeFailure e) {
      throw new BundleException(inputField, "does not fit " + Bundle.MODEL + ": " + e.getMessage());
    }
  }

  private record Checked(String field, String method, PtNDArray result) {
    void is(long... expected) throws BundleException {
      if (!Arrays.equals(result.getShape().getShape(), expected)) {
        throw new BundleException(
            field,
            "does not fit %s: %s gives %s, expected %s"
                .formatted(Bundle.MODEL, method, result.getShape(), new Shape(expected)));
      }
    }
  }
}

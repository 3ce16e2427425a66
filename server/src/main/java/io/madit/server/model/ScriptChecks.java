package io.madit.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Calls every entry point of a script once and compares shapes with the manifest. Warms the script
 * up on the way.
 */
final class ScriptChecks {
  private static final List<String> METHODS =
      List.of(
          "embed_text",
          "condition",
          "condition_tokens",
          "canvas",
          "round",
          "latents",
          "decode",
          "decode_latents",
          "encode",
          "use_precision");

  private final TorchScript script;
  private final Manifest manifest;

  ScriptChecks(TorchScript script, Manifest manifest) {
    this.script = script;
    this.manifest = manifest;
  }

  void run() throws BundleException {
    for (String method : METHODS) {
      if (!script.has(method)) {
        throw new BundleException(Bundle.MODEL, "has no method " + method);
      }
    }
    try (PtNDManager scope = script.scope()) {
      text(scope);
      tokens(scope);
      pictures(scope);
    }
  }

  private void text(PtNDManager scope) throws BundleException {
    if (manifest.text() != null) {
      int last = manifest.text().vocabularySize() - 1;
      NDArray ids = TorchScript.int64(scope, new int[] {last});
      shape("text.vocabulary_size", "text.embed_dim", "embed_text", scope, ids)
          .is(1, manifest.text().embedDim());
    }
  }

  private void tokens(PtNDManager scope) throws BundleException {
    int tokens = manifest.tokens().count();
    int patches = manifest.grid().patches();
    int[] last = new int[tokens];
    Arrays.fill(last, manifest.codebook().size() - 1);
    NDArray ids = TorchScript.int64(scope, last);
    NDArray order = TorchScript.int64(scope, IntStream.range(0, patches).toArray());
    int width = manifest.textLimits().map(Manifest.Text::embedDim).orElse(1);
    NDArray noText = scope.zeros(new Shape(0, width));
    shape("codebook.size", "hidden_dim", "condition", scope, ids, noText)
        .is(tokens, manifest.hiddenDim());
    NDArray codes = scope.zeros(new Shape(tokens, manifest.codebook().dim()));
    shape("codebook.dim", "hidden_dim", "condition_tokens", scope, codes, noText)
        .is(tokens, manifest.hiddenDim());
    Checked canvas = shape("codebook.size", "patch_dim", "canvas", scope, ids, order);
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
    shape("image", "tokens.count", "encode", scope, decoded.result()).is(manifest.tokens().count());
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

package io.madit.server.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.List;

/** The condition of a model that takes a caption, the one of no text, and an aesthetic score. */
final class CaptionCondition {
  private final Manifest manifest;
  private final TorchScript script;

  CaptionCondition(Manifest manifest, TorchScript script) {
    this.manifest = manifest;
    this.script = script;
  }

  /**
   * Slots {@code [2 (S + 1), D]} that belong to {@code scope}; {@link TextConditioning#NONE} is all
   * zeros, for measurements.
   */
  PtNDArray of(PtNDManager scope, TextConditioning text) {
    TextConditioning.Caption caption =
        text instanceof TextConditioning.Caption given ? given : zeros();
    try (PtNDManager inputs = script.scope()) {
      List<PtNDArray> parts = new ArrayList<>();
      add(inputs, caption.text(), parts);
      add(inputs, caption.none(), parts);
      parts.add((PtNDArray) inputs.create(new float[] {caption.aestheticScore()}, new Shape(1)));
      return script.tensor(
          scope, "condition", parts.stream().map(TorchScript::tensor).toArray(IValue[]::new));
    }
  }

  /** Features {@code [S, E]} and their vector {@code [P]}. */
  private void add(PtNDManager inputs, CaptionText caption, List<PtNDArray> parts) {
    if (caption instanceof CaptionText.Words words) {
      for (String method : List.of("embed_text", "pool_text")) {
        parts.add(
            script.tensor(
                inputs, method, TorchScript.tensor(TorchScript.int64(inputs, words.ids()))));
      }
    } else if (caption instanceof CaptionText.Features given) {
      Manifest.Text limits = manifest.text();
      Shape slots = new Shape(limits.maxTokens(), limits.embedDim());
      parts.add((PtNDArray) inputs.create(given.slots(), slots));
      parts.add((PtNDArray) inputs.create(given.pooled(), new Shape(limits.pooledDim())));
    }
  }

  private TextConditioning.Caption zeros() {
    Manifest.Text limits = manifest.text();
    CaptionText zeros =
        new CaptionText.Features(
            new float[limits.maxTokens() * limits.embedDim()], new float[limits.pooledDim()]);
    return new TextConditioning.Caption(zeros, zeros, 0);
  }
}

package io.madit.server.model;

/** The text of a picture. Arrays are not copied: nobody writes to them after construction. */
public sealed interface TextConditioning {
  /** No text: S = 0. */
  TextConditioning NONE = new None();

  /** Text slots S. */
  int length();

  /** No text. */
  record None() implements TextConditioning {
    @Override
    public int length() {
      return 0;
    }
  }

  /**
   * Ids of the bundle's text tokenizer.
   *
   * @param ids {@code [S]}
   */
  record TokenIds(int[] ids) implements TextConditioning {
    @Override
    public int length() {
      return ids.length;
    }
  }

  /**
   * Embeddings computed by the caller.
   *
   * @param values {@code [S][E]} row by row, float32, finite
   */
  record Embeddings(int length, float[] values) implements TextConditioning {}

  /**
   * A caption for slots that the model always has, and what guidance leads away from.
   *
   * @param none the caption of no text
   * @param aestheticScore of the wished picture
   */
  record Caption(CaptionText text, CaptionText none, float aestheticScore)
      implements TextConditioning {
    @Override
    public int length() {
      return 0;
    }
  }
}

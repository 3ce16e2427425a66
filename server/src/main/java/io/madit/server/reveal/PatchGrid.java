package io.madit.server.reveal;

/**
 * The places of a picture's patches; raster index = row * columns + column.
 *
 * @param rows at least 1
 * @param columns at least 1
 */
public record PatchGrid(int rows, int columns) {
  public PatchGrid {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "grid must be at least 1 x 1, is " + rows + " x " + columns);
    }
  }

  /** Patches N. */
  public int patches() {
    return rows * columns;
  }

  @Override
  public String toString() {
    return rows + " x " + columns;
  }
}

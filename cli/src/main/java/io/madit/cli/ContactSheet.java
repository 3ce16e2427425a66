package io.madit.cli;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;

/** A grid of labelled pictures: a title, a heading per column, and a label below each cell. */
final class ContactSheet {
  static final int MARGIN = 12;
  static final int SMALLEST_CELL = 128;
  private static final Color BACKGROUND = new Color(0x20, 0x22, 0x26);

  /** A picture and what stands below it. */
  record Cell(BufferedImage picture, String label) {}

  private final String title;
  private final List<String> headings;
  private final List<List<Cell>> rows;
  private final int cellWidth;
  private final int cellHeight;

  ContactSheet(String title, List<String> headings, List<List<Cell>> rows) {
    if (rows.isEmpty() || rows.stream().anyMatch(row -> row.size() != headings.size())) {
      throw new IllegalArgumentException("every row needs " + headings.size() + " cells");
    }
    this.title = title;
    this.headings = List.copyOf(headings);
    this.rows = List.copyOf(rows);
    BufferedImage first = rows.get(0).get(0).picture();
    int scale = Math.max(1, (SMALLEST_CELL - 1) / first.getWidth() + 1);
    cellWidth = first.getWidth() * scale;
    cellHeight = first.getHeight() * scale;
  }

  BufferedImage draw() {
    int width = MARGIN + headings.size() * (cellWidth + MARGIN);
    BufferedImage sheet = new BufferedImage(width, top(rows.size()), BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = sheet.createGraphics();
    canvas.setColor(BACKGROUND);
    canvas.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    Labels.draw(canvas, title, MARGIN, MARGIN, width - 2 * MARGIN);
    for (int column = 0; column < headings.size(); column++) {
      int y = MARGIN + Labels.HEIGHT;
      Labels.draw(canvas, headings.get(column), left(column), y, cellWidth);
      for (int row = 0; row < rows.size(); row++) {
        draw(canvas, rows.get(row).get(column), left(column), top(row));
      }
    }
    canvas.dispose();
    return sheet;
  }

  private void draw(Graphics2D canvas, Cell cell, int x, int y) {
    canvas.drawImage(PictureFile.enlarge(cell.picture(), cellWidth, cellHeight), x, y, null);
    Labels.draw(canvas, cell.label(), x, y + cellHeight, cellWidth);
  }

  /** Left edge of a column's cells. */
  int left(int column) {
    return MARGIN + column * (cellWidth + MARGIN);
  }

  /** Upper edge of a row's cells; for the row after the last, the height of the sheet. */
  int top(int row) {
    return MARGIN + 2 * Labels.HEIGHT + row * (cellHeight + Labels.HEIGHT + MARGIN);
  }
}

package io.madit.cli;

import static io.madit.cli.TestPictures.rgb;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.madit.cli.ContactSheet.Cell;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
  private static final int RED = 0xFF0000;
  private static final int BLUE = 0x0000FF;

  @Test
  void draw_twoByTwo_cellsWhereTheyBelong() {
    Cell red = new Cell(TestPictures.filled(200, 150, RED), "red");
    Cell blue = new Cell(TestPictures.filled(200, 150, BLUE), "blue");
    ContactSheet sheet =
        new ContactSheet(
            "title", List.of("a", "b"), List.of(List.of(red, blue), List.of(blue, red)));
    BufferedImage drawn = sheet.draw();

    assertThat(drawn.getWidth()).isEqualTo(2 * 200 + 3 * ContactSheet.MARGIN);
    assertThat(drawn.getHeight()).isEqualTo(sheet.top(2));
    assertThat(rgb(drawn, sheet.left(0), sheet.top(0))).isEqualTo(RED);
    assertThat(rgb(drawn, sheet.left(1), sheet.top(0))).isEqualTo(BLUE);
    assertThat(rgb(drawn, sheet.left(1) + 199, sheet.top(1) + 149)).isEqualTo(RED);
    assertThat(rgb(drawn, sheet.left(1) - 1, sheet.top(1))).isNotEqualTo(RED).isNotEqualTo(BLUE);
  }

  @Test
  void draw_label_leavesInkBelowTheCell() {
    BufferedImage with = sheetOfOne("label").draw();
    BufferedImage without = sheetOfOne("").draw();
    assertThat(Psnr.decibels(with, without)).isFinite();
  }

  @Test
  void draw_smallPictures_enlargedByAWholeFactor() {
    BufferedImage drawn = sheetOfOne("").draw();
    assertThat(drawn.getWidth()).isEqualTo(160 + 2 * ContactSheet.MARGIN);
  }

  @Test
  void new_rowOfWrongLength_refused() {
    List<List<Cell>> rows = List.of(List.of());
    assertThatIllegalArgumentException().isThrownBy(() -> new ContactSheet("", List.of("a"), rows));
  }

  private static ContactSheet sheetOfOne(String label) {
    Cell cell = new Cell(TestPictures.filled(40, 40, RED), label);
    return new ContactSheet("", List.of("heading"), List.of(List.of(cell)));
  }
}

package io.madit.cli;

import static io.madit.cli.TestPictures.rgb;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class KlMapTest {
  private static final int DARK = 0x440154;
  private static final int BRIGHT = 0xFDE725;

  @Test
  void draw_lowestAndHighest_endsOfTheColours() {
    BufferedImage map = KlMap.draw(List.of(3f, 1f, 2f, 5f, 4f, 2f), 2, 3);
    assertThat(map.getWidth()).isEqualTo(3);
    assertThat(map.getHeight()).isEqualTo(2);
    assertThat(rgb(map, 1, 0)).isEqualTo(DARK);
    assertThat(rgb(map, 0, 1)).isEqualTo(BRIGHT);
    assertThat(rgb(map, 0, 0)).isEqualTo(KlMap.colour(0.5)).isEqualTo(0x21918C);
  }

  @Test
  void draw_allEqual_dark() {
    assertThat(rgb(KlMap.draw(List.of(2f, 2f), 1, 2), 1, 0)).isEqualTo(DARK);
  }

  @Test
  void draw_wrongCount_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KlMap.draw(List.of(1f), 2, 2))
        .withMessageContaining("1 values for a 2x2 grid");
  }
}

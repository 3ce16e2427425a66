package io.madit.server.reveal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.madit.server.testing.Resources;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  private static final JsonNode NOISE = Resources.json("golden/noise.json");

  @Test
  void words_matchRandom123sPublishedVectors() {
    assertThat(Philox.words(0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5L, 0xe169c58dL, 0xbc57ac4cL, 0x9b00dbd8L);
    long ones = 0xffffffffL;
    assertThat(Philox.words(-1, ones, ones, ones, ones))
        .containsExactly(0x408f276dL, 0x41c83b0eL, 0xa20bc7c6L, 0x6d5451fdL);
    assertThat(
            Philox.words(0x299f31d0a4093822L, 0x243f6a88L, 0x85a308d3L, 0x13198a2eL, 0x03707344L))
        .containsExactly(0xd16cfe09L, 0x94fdccebL, 0x5001e420L, 0x24126ea1L);
  }

  @Test
  void words_matchPython() {
    for (JsonNode entry : NOISE.get("philox")) {
      JsonNode c = entry.get("counter");
      long[] words =
          Philox.words(
              entry.get("seed").asLong(),
              c.get(0).asLong(),
              c.get(1).asLong(),
              c.get(2).asLong(),
              c.get(3).asLong());
      for (int i = 0; i < 4; i++) {
        assertThat(words[i]).isEqualTo(entry.get("words").get(i).asLong());
      }
    }
  }

  @Test
  void gaussian_matchesPythonWithinOneUlp() {
    for (JsonNode entry : NOISE.get("gaussian")) {
      int[] patches = Resources.ints(entry.get("patches"));
      int channels = entry.get("channels").asInt();
      for (int p = 0; p < patches.length; p++) {
        float[] draws =
            Philox.gaussian(
                entry.get("seed").asLong(),
                patches[p],
                channels,
                entry.get("purpose").asInt(),
                entry.get("step").asInt());
        assertThat(draws).hasSize(channels);
        for (int c = 0; c < channels; c++) {
          float expected = (float) entry.get("values").get(p).get(c).asDouble();
          assertThat(draws[c]).isCloseTo(expected, within(Math.ulp(expected)));
        }
      }
    }
  }

  @Test
  void uniform_staysInsideTheOpenInterval() {
    assertThat(Philox.uniform(0)).isPositive();
    assertThat(Philox.uniform(0xffffffffL)).isLessThan(1);
  }
}

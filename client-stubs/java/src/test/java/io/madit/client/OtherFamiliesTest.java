package io.madit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.madit.v1.Conditioning;
import io.madit.v1.OutputFormat;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pictures and ids from less than all ids, by a real server with bundles of several families. */
class OtherFamiliesTest {
  private static final int[] QUARTER = {3, 1, 4, 1};
  private static final PictureOptions FIVE = PictureOptions.defaults().withSeed(5);
  private static final PictureOptions MASKGIL = FIVE.withModel("pico-maskgil");

  private static RealServer server;
  private static MaditClient client;

  @BeforeAll
  static void start() throws Exception {
    server =
        new RealServer(
            Stream.of("pico-maskgil", "pico-mar", "pico-maskgen-vq", "pico-ta-titok")
                .flatMap(name -> Stream.of("--model", RealServer.bundle(name)))
                .toArray(String[]::new));
    client = MaditClient.builder(server.address()).build();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static PictureOptions ofClass(int label) {
    return FIVE.withModel("pico-mar")
        .withConditioning(Conditioning.newBuilder().setClassLabel(label).build());
  }

  private static void assertRefuses(Runnable call, String field) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            MaditException.class,
            e -> assertThat(e.violations()).extracting(FieldViolation::field).contains(field));
  }

  @Test
  void completeTokens_keepsTheKnownOnes() {
    int[] whole = client.completeTokens(QUARTER, MASKGIL);
    assertThat(whole).hasSize(16).startsWith(QUARTER);
    assertThat(client.completeTokens(QUARTER, MASKGIL)).isEqualTo(whole);
    assertThat(client.completeTokens(new int[0], MASKGIL)).hasSize(16);
  }

  @Test
  void completeTokens_placesAndOffset_areObeyed() {
    PictureOptions shifted = MASKGIL.withVocabularyOffset(1000);
    int[] whole = client.completeTokens(Map.of(15, 1063, 7, 1001), shifted);
    assertThat(new int[] {whole[15], whole[7]}).containsExactly(1063, 1001);
    assertThat(client.completeTokens(Map.of(), shifted)).hasSize(16);
    assertRefuses(() -> client.completeTokens(Map.of(16, 1001), shifted), "known.positions[0]");
    assertRefuses(() -> client.completeTokens(new int[] {64}, MASKGIL), "known.ids[0]");
  }

  @Test
  void detokenize_withCompletion_drawsTheCompletedIds() {
    PictureOptions raw = FIVE.withFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    Picture drawn = client.detokenize(client.completeTokens(QUARTER, MASKGIL), raw);
    PictureOptions completed = raw.withCompletion("pico-maskgil");
    assertAlike(client.detokenize(QUARTER, completed), drawn);
    try (PictureStream stream = client.stream(completed)) {
      stream.put(QUARTER);
      stream.finish();
      assertAlike(stream.result(), drawn);
    }
    Map<Integer, Integer> places = Map.of(0, 3, 1, 1, 2, 4, 3, 1);
    assertAlike(client.detokenize(places, completed), drawn);
  }

  /** Pictures that were drawn in other company may differ by rounding. */
  private static void assertAlike(Picture completed, Picture drawn) {
    assertThat(completed.report().getChained(0).getCompletedTokens()).isEqualTo(12);
    byte[] one = completed.bytes();
    byte[] other = drawn.bytes();
    int[] differences =
        IntStream.range(0, one.length)
            .map(i -> Math.abs(Byte.toUnsignedInt(one[i]) - Byte.toUnsignedInt(other[i])))
            .toArray();
    assertThat(other).hasSameSizeAs(one);
    assertThat(Arrays.stream(differences).max().orElseThrow()).isLessThanOrEqualTo(3);
  }

  @Test
  void generate_drawsFromAClass() {
    Picture one = client.generate(ofClass(1));
    assertThat(one.image().getWidth()).isEqualTo(one.rendering().width());
    assertThat(client.generate(ofClass(2)).bytes()).isNotEqualTo(one.bytes());
    assertRefuses(() -> client.generate(ofClass(1), "pico-buffer"), "decoder");
    assertThatThrownBy(() -> client.generate(FIVE))
        .isInstanceOfSatisfying(
            MaditException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.UNIMPLEMENTED));
  }

  @Test
  void generate_fromText_givesTokensOrThePictureOfADecoder() {
    PictureOptions text = FIVE.withModel("pico-maskgen-vq").withText("a red cat");
    PictureOptions ids =
        text.withVocabularyOffset(1000).withFormat(OutputFormat.OUTPUT_FORMAT_TOKENS);
    assertThat(client.generate(ids).rendering().output().getTokenIds().getIdsList())
        .hasSize(16)
        .allMatch(id -> id >= 1000 && id < 1128);
    Picture picture = client.generate(text, "pico-ta-titok");
    assertThat(picture.image().getWidth()).isEqualTo(picture.rendering().width());
    assertThat(picture.report().getChained(0).getModel()).isEqualTo("pico-ta-titok");
    assertRefuses(() -> client.generate(text, "pico-buffer"), "decoder.model");
  }
}

package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.DjlRuntimeLoader;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import io.madit.server.model.VisualInput;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.RecordingListener;
import io.madit.server.testing.Resources;
import io.madit.server.testing.Safetensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole path on libtorch against the plain reference sampler. */
class GoldenTest {
  private static final List<String> NAMES = List.of("pico-buffer", "pico-velocity", "pico-encoder");

  private static Map<String, Bundle> bundles;
  private static Engine engine;

  @BeforeAll
  static void start() throws Exception {
    bundles = NAMES.stream().collect(Collectors.toMap(Function.identity(), Resources::bundle));
    engine =
        Engine.start(
            List.copyOf(bundles.values()),
            new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32),
            EngineSettings.DEFAULT,
            EngineEvents.NONE);
  }

  @AfterAll
  static void stop() {
    engine.close();
  }

  static Stream<GoldenCase> cases() {
    return NAMES.stream().flatMap(name -> GoldenCase.of(name).stream());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void alone_equalsTheReference(GoldenCase golden) throws Exception {
    DetokenizeResult result = submit(golden).result();
    Safetensors expected = tensors(golden.bundle());
    assertCloseLatents(result.latents().orElseThrow(), expected.floats(golden.name() + "/latents"));
    assertClosePixels(
        result.picture().orElseThrow().rgb(), expected.bytes(golden.name() + "/rgb"), 1);
    assertThat(result.timings().rounds()).isEqualTo(golden.ends().length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pico-buffer", "pico-velocity", "pico-encoder"})
  void packed_equalsTheReference(String bundle) throws Exception {
    List<GoldenCase> cases = GoldenCase.of(bundle);
    Safetensors expected = tensors(bundle);
    EngineStats before = engine.stats();
    List<RecordingListener> listeners = new ArrayList<>();
    for (GoldenCase golden : cases) { // all at once, at different rounds soon
      listeners.add(submit(golden));
    }
    for (int i = 0; i < cases.size(); i++) {
      DetokenizeResult result = listeners.get(i).result();
      String name = cases.get(i).name();
      assertCloseLatents(result.latents().orElseThrow(), expected.floats(name + "/latents"));
      assertClosePixels(result.picture().orElseThrow().rgb(), expected.bytes(name + "/rgb"), 3);
    }
    int alone = cases.stream().mapToInt(golden -> golden.ends().length).sum();
    EngineStats after = engine.stats();
    assertThat(after.packedSessions() - before.packedSessions()).isEqualTo(alone);
    assertThat(after.rounds() - before.rounds()).isLessThan(alone);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pico-buffer", "pico-velocity", "pico-encoder"})
  void again_isBitIdentical(String bundle) throws Exception {
    GoldenCase golden = GoldenCase.of(bundle).get(0);
    float[] first = submit(golden).result().latents().orElseThrow();
    assertThat(submit(golden).result().latents().orElseThrow()).containsExactly(first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pico-buffer", "pico-velocity"})
  void latents_areDecodedWithoutRounds(String bundle) throws Exception {
    Safetensors expected = tensors(bundle);
    DetokenizeCommand base = GoldenCase.of(bundle).get(0).command(bundles.get(bundle));
    RecordingListener listener = new RecordingListener();
    Session session =
        engine.submit(
            with(base, new VisualInput.Latents(expected.floats("read-out/latents"))), listener);
    assertThat(session.plan()).isEmpty();
    assertClosePixels(
        listener.result().picture().orElseThrow().rgb(), expected.bytes("read-out/rgb"), 1);
    assertThat(listener.events).containsExactly("started", "finished");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pico-buffer", "pico-velocity", "pico-encoder"})
  void tokenize_equalsTheReference(String name) throws Exception {
    Bundle bundle = bundles.get(name);
    var tokenize = Resources.json("golden/" + name + ".json").get("tokenize");
    RgbPicture picture =
        new RgbPicture(
            bundle.manifest().image().width(),
            bundle.manifest().image().height(),
            tensors(name).bytes(tokenize.get("rgb").asText()));
    TokenizeResult result =
        engine
            .tokenize(
                new TokenizeCommand(bundle, new EncoderInput.Rgb(picture), OptionalLong.empty()))
            .get(60, TimeUnit.SECONDS);
    assertThat(((VisualInput.TokenIds) result.tokens()).ids())
        .containsExactly(Resources.ints(tokenize.get("ids")));
  }

  @Test
  void embeddedModel_equalsTheReference() throws Exception {
    Bundle nano = Resources.embeddedModel();
    GoldenCase golden = GoldenCase.of("madit-nano").get(0);
    Safetensors expected = tensors("madit-nano");
    RecordingListener listener = new RecordingListener();
    try (Engine own =
        Engine.start(
            List.of(nano),
            new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32),
            EngineSettings.DEFAULT,
            EngineEvents.NONE)) {
      own.submit(golden.command(nano), listener);
      DetokenizeResult result = listener.result();
      assertCloseLatents(
          result.latents().orElseThrow(), expected.floats(golden.name() + "/latents"));
      assertClosePixels(
          result.picture().orElseThrow().rgb(), expected.bytes(golden.name() + "/rgb"), 3);
    }
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    submit(GoldenCase.of("pico-buffer").get(0)).result();
    // A later answer proves that the step which freed the session is over.
    submit(GoldenCase.of("pico-buffer").get(0)).result();
    engine.close();
    EngineStats stats = engine.stats();
    assertThat(stats.liveSessions()).isZero();
    assertThat(stats.queuedSessions()).isZero();
    assertThat(stats.liveArrays()).isZero();
    start();
  }

  private static RecordingListener submit(GoldenCase golden) {
    RecordingListener listener = new RecordingListener();
    engine.submit(golden.command(bundles.get(golden.bundle())), listener);
    return listener;
  }

  private static DetokenizeCommand with(DetokenizeCommand base, VisualInput visual) {
    return new DetokenizeCommand(
        base.model(),
        visual,
        base.text(),
        base.seed(),
        base.sampling(),
        true,
        false,
        false,
        0,
        false,
        base.deadlineNanos(),
        base.priority());
  }

  private static Safetensors tensors(String bundle) {
    return new Safetensors(Resources.path("golden/" + bundle + ".safetensors"));
  }

  private static void assertCloseLatents(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    }
    assertThat(largest).isLessThanOrEqualTo(1e-4);
  }

  /** At most one grey level on 99.9 % of the values, and {@code most} anywhere. */
  private static void assertClosePixels(byte[] actual, byte[] expected, int most) {
    assertThat(actual).hasSameSizeAs(expected);
    int far = 0;
    int largest = 0;
    for (int i = 0; i < actual.length; i++) {
      int difference = Math.abs((actual[i] & 0xFF) - (expected[i] & 0xFF));
      far += difference > 1 ? 1 : 0;
      largest = Math.max(largest, difference);
    }
    assertThat(far).isLessThanOrEqualTo(actual.length / 1000);
    assertThat(largest).isLessThanOrEqualTo(most);
  }
}

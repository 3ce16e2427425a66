package io.madit.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.djl.engine.Engine;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.madit.server.image.RgbPicture;
import io.madit.server.reveal.Round;
import io.madit.server.testing.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DjlRuntimeLoaderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DjlRuntimeLoader LOADER =
      new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32);

  @TempDir Path folder;

  @Test
  void wrongHiddenDim_isNamed() throws Exception {
    assertRefused("hidden_dim", "/hidden_dim", 31);
  }

  @Test
  void wrongEmbedDim_isNamed() throws Exception {
    assertRefused("text.embed_dim", "/text/embed_dim", 15);
  }

  @Test
  void wrongVocabulary_isNamed() throws Exception {
    assertRefused("text.vocabulary_size", "/text/vocabulary_size", 129);
  }

  @Test
  void wrongCodeDim_isNamed() throws Exception {
    int dim = Resources.bundle("pico-buffer").manifest().codebook().dim();
    assertRefused("codebook.dim", "/codebook/dim", dim + 1);
  }

  @Test
  void absentCuda_isRefused() {
    assumeFalse(Engine.getEngine("PyTorch").hasCapability("CUDA"));
    DjlRuntimeLoader loader =
        new DjlRuntimeLoader(TorchDevice.parse("cuda:0"), PrecisionChoice.AUTO);
    assertThatThrownBy(() -> loader.load(Resources.bundle("pico-buffer")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("device cuda:0 asked for");
  }

  @Test
  void scriptError_harmsNothing() throws Exception {
    Bundle bundle = Resources.bundle("pico-buffer");
    try (ModelRuntime runtime = LOADER.load(bundle)) {
      int[] order = IntStream.range(0, 16).toArray();
      int[] outside = new int[16];
      outside[3] = bundle.manifest().codebook().size();
      assertThatThrownBy(
              () -> runtime.open(new VisualInput.TokenIds(outside), TextConditioning.NONE, order))
          .asInstanceOf(type(RuntimeFailure.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(RuntimeFailure.Kind.SCRIPT));
      assertThat(runtime.liveArrays()).isZero();
      try (SessionState state =
          runtime.open(new VisualInput.TokenIds(new int[16]), TextConditioning.NONE, order)) {
        assertThat(runtime.liveArrays()).isEqualTo(3);
        assertThat(state.conditionSlots()).isEqualTo(16);
      }
      assertThat(runtime.liveArrays()).isZero();
    }
  }

  @Test
  void continuousTokensAndEmbeddings_areAccepted() throws Exception {
    Bundle bundle = Resources.bundle("pico-buffer");
    int dim = bundle.manifest().codebook().dim();
    int width = bundle.manifest().text().embedDim();
    try (ModelRuntime runtime = LOADER.load(bundle);
        SessionState state =
            runtime.open(
                new VisualInput.ContinuousTokens(new float[16 * dim]),
                new TextConditioning.Embeddings(2, new float[2 * width]),
                IntStream.range(0, 16).toArray())) {
      assertThat(state.conditionSlots()).isEqualTo(18);
      runtime.round(List.of(task(bundle, state, new Round(0, 16, 2, 1.5))));
      assertThat(runtime.latents(state)).hasSize(bundle.manifest().latent().size());
    }
  }

  @Test
  void bfloat16_drawsNearlyTheSame() throws Exception {
    Bundle bundle = Resources.bundle("pico-buffer");
    float[] exact = draw(LOADER, bundle);
    float[] half = draw(new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.BFLOAT16), bundle);
    double error = 0;
    for (int i = 0; i < exact.length; i++) {
      error += Math.abs(exact[i] - half[i]) / exact.length;
    }
    assertThat(error).isBetween(1e-6, 0.2);
  }

  @Test
  void auto_takesEitherPrecision() throws Exception {
    DjlRuntimeLoader loader = new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.AUTO);
    try (ModelRuntime runtime = loader.load(Resources.bundle("pico-velocity"))) {
      assertThat(runtime.precision()).isIn(Precision.FLOAT32, Precision.BFLOAT16);
      assertThat(runtime.device()).isEqualTo("cpu");
      RgbPicture picture = runtime.decodeLatents(new float[latentSize()]);
      assertThat(runtime.encode(new EncoderInput.Rgb(picture)).ids()).hasSize(64);
    }
  }

  private static int latentSize() {
    return Resources.bundle("pico-velocity").manifest().latent().size();
  }

  private static float[] draw(DjlRuntimeLoader loader, Bundle bundle) throws Exception {
    try (ModelRuntime runtime = loader.load(bundle);
        SessionState state =
            runtime.open(
                new VisualInput.TokenIds(new int[16]),
                TextConditioning.NONE,
                IntStream.range(0, 16).toArray())) {
      runtime.round(List.of(task(bundle, state, new Round(0, 16, 4, 2))));
      return runtime.latents(state);
    }
  }

  private static RoundTask task(Bundle bundle, SessionState state, Round round) {
    return new RoundTask(state, round, 0, 1, bundle.manifest().usual());
  }

  private void assertRefused(String field, String pointer, int value) throws Exception {
    Bundle bundle = edited(pointer, value);
    assertThatThrownBy(() -> LOADER.load(bundle))
        .asInstanceOf(type(BundleException.class))
        .satisfies(e -> assertThat(e.field()).isEqualTo(field));
  }

  private Bundle edited(String pointer, int value) throws IOException, BundleException {
    Path original = Resources.path("models/pico-buffer");
    for (String name : List.of("model.pt", "codeword_kl.f32", "tokenizer.json")) {
      Files.copy(original.resolve(name), folder.resolve(name));
    }
    ObjectNode root = (ObjectNode) JSON.readTree(original.resolve("manifest.json").toFile());
    int slash = pointer.lastIndexOf('/');
    ((ObjectNode) root.at(pointer.substring(0, slash))).put(pointer.substring(slash + 1), value);
    JSON.writeValue(folder.resolve("manifest.json").toFile(), root);
    return Bundle.load(folder);
  }
}

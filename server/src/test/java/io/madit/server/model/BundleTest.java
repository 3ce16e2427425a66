package io.madit.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.testing.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @BeforeEach
  void copyBundle() throws IOException {
    List<Path> files;
    try (Stream<Path> listing = Files.list(Resources.path("models/pico-buffer"))) {
      files = listing.toList();
    }
    for (Path file : files) {
      Files.copy(file, folder.resolve(file.getFileName()));
    }
  }

  @Test
  void load_readsTheManifest() throws Exception {
    Bundle bundle = Bundle.load(folder);
    assertThat(bundle.id()).isEqualTo("pico-buffer@1");
    Manifest manifest = bundle.manifest();
    assertThat(manifest.grid().patches()).isEqualTo(16);
    assertThat(manifest.guidancePlacement()).isEqualTo(GuidancePlacement.BUFFER);
    assertThat(manifest.sampling().revealOrder()).isEqualTo(RevealOrder.KL);
    assertThat(manifest.textLimits()).isPresent();
    assertThat(bundle.codewordKl()).hasSize(manifest.codebook().size());
    assertThat(bundle.manifestSha256()).hasSize(64);
  }

  @Test
  void presets_inheritTheDefaults() throws Exception {
    Manifest manifest = Bundle.load(folder).manifest();
    Manifest.Sampling fast = manifest.presets().get("fast").sampling();
    assertThat(fast.rounds()).isEqualTo(2);
    assertThat(fast.guidanceScale()).isEqualTo(manifest.sampling().guidanceScale());
  }

  @Test
  void modelWithoutText_hasNoLimits() {
    assertThat(Resources.bundle("pico-velocity").manifest().textLimits()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/schema_version, 2, schema_version",
    "/name, null, name",
    "/family, \"other\", family",
    "/image/height, 0, image.height",
    "/image/height, 1.5, image.height",
    "/grid, null, grid",
    "/grid/rows, \"four\", grid.rows",
    "/patch_dim, 17, patch_dim",
    "/latent/scale, 0, latent.scale",
    "/codebook/size, 63, codeword_kl.f32",
    "/tokens/count, 15, tokens.count",
    "/text/max_tokens, 0, text.max_tokens",
    "/guidance_placement, \"middle\", guidance_placement",
    "/sampling/rounds, 0, sampling",
    "/sampling/flow_steps, 1000, sampling.flow_steps",
    "/sampling/reveal_order, \"spiral\", sampling.reveal_order",
    "/presets/fast/rounds, 100000, presets.fast.rounds",
    "/bounds, null, bounds",
    "/licence, null, licence",
  })
  void wrongValue_isNamed(String pointer, String value, String field) throws IOException {
    edit(
        root -> {
          int slash = pointer.lastIndexOf('/');
          ObjectNode parent = (ObjectNode) root.at(pointer.substring(0, slash));
          parent.set(pointer.substring(slash + 1), parse(value));
        });
    assertRefused(field);
  }

  @Test
  void missingField_isNamed() throws IOException {
    edit(root -> ((ObjectNode) root.get("sampling")).remove("noise_scale"));
    assertRefused("sampling.noise_scale");
  }

  @Test
  void changedFile_isNamed() throws IOException {
    Files.write(folder.resolve("model.pt"), new byte[] {1}, StandardOpenOption.APPEND);
    assertRefused("files.model.pt");
  }

  @Test
  void missingFile_isNamed() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    assertRefused("tokenizer.json");
  }

  @Test
  void fileOutsideTheFolder_isRefused() throws IOException {
    edit(root -> ((ObjectNode) root.get("files")).put("../model.pt", "0".repeat(64)));
    assertRefused("files.../model.pt");
  }

  @Test
  void unlistedTokenizer_isRefused() throws IOException {
    edit(root -> ((ObjectNode) root.get("files")).remove("tokenizer.json"));
    assertRefused("files.tokenizer.json");
  }

  @Test
  void noJson_isRefused() throws IOException {
    Files.writeString(folder.resolve("manifest.json"), "[1]");
    assertRefused("manifest.json");
  }

  @Test
  void textTokenizer_givesTheReferenceIds() throws Exception {
    var golden = Resources.json("golden/pico-buffer.json").get("cases").get(0);
    try (TextTokenizer tokenizer = TextTokenizer.load(Bundle.load(folder))) {
      assertThat(tokenizer.encode(golden.get("caption").asText()))
          .containsExactly(Resources.ints(golden.get("text_ids")));
      assertThat(tokenizer.encode("cat ".repeat(100))).hasSize(8);
      assertThat(tokenizer.encode("")).isEmpty();
    }
  }

  private void edit(Consumer<ObjectNode> change) throws IOException {
    Path file = folder.resolve("manifest.json");
    ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(root);
    JSON.writeValue(file.toFile(), root);
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json == null ? "null" : json);
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private void assertRefused(String field) {
    assertThatThrownBy(() -> Bundle.load(folder))
        .asInstanceOf(type(BundleException.class))
        .satisfies(e -> assertThat(e.field()).isEqualTo(field))
        .satisfies(e -> assertThat(e).hasMessageStartingWith(field + ": "));
  }
}

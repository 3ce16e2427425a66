package io.madit.server.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.madit.server.reveal.GtrOptions;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads {@code manifest.json}; everything wrong is a {@link BundleException} that names the field.
 */
final class ManifestReader {
  static final int SCHEMA_VERSION = 1;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** Families without a picture of their own. */
  private static final Set<String> GENERATORS =
      Stream.of(Family.values())
          .filter(Family::drawsTokens)
          .map(Family::wireName)
          .collect(Collectors.toSet());

  private ManifestReader() {}

  static Manifest read(byte[] json) throws BundleException {
    Manifest manifest = parse(json);
    new ManifestChecks(manifest).run();
    return manifest;
  }

  private static Manifest parse(byte[] json) throws BundleException {
    try {
      if (!(MAPPER.readTree(json) instanceof ObjectNode root)) {
        throw new BundleException("manifest.json", "must be a JSON object");
      }
      // The version first: another schema may differ in anything else.
      if (root.path("schema_version").asInt(0) != SCHEMA_VERSION) {
        throw new BundleException(
            "schema_version",
            "must be " + SCHEMA_VERSION + ", is " + root.path("schema_version").asText("absent"));
      }
      fillIn(root);
      return MAPPER.treeToValue(root, Manifest.class);
    } catch (JsonProcessingException e) {
      throw new BundleException(path(e), e.getOriginalMessage());
    } catch (IOException e) {
      throw new BundleException("manifest.json", "cannot be read: " + e.getMessage());
    }
  }

  /** Optional fields get their defaults, presets the fields that they do not set. */
  private static void fillIn(ObjectNode root) {
    root.putIfAbsent("text", root.nullNode());
    root.putIfAbsent("classes", root.nullNode());
    root.putIfAbsent("autoencoder", root.booleanNode(true));
    root.putIfAbsent("adaptive_steps", root.booleanNode(false));
    root.putIfAbsent("features", root.nullNode());
    root.putIfAbsent("aesthetic_score", root.nullNode());
    root.putIfAbsent("decoder", root.nullNode());
    fillInTokens(root);
    if (GENERATORS.contains(root.path("family").asText())) {
      fillInPicture(root);
    }
    if (root.get("sampling") instanceof ObjectNode sampling) {
      sampling.putIfAbsent("choice_temperature", sampling.numberNode(0));
    }
    if (root.get("text") instanceof ObjectNode text) {
      text.putIfAbsent("special_tokens", text.booleanNode(false));
      text.putIfAbsent("pooled_dim", text.numberNode(0));
    }
    root.putIfAbsent("parameter_count", root.numberNode(0));
    root.putIfAbsent("presets", root.objectNode());
    if (root.get("bounds") instanceof ObjectNode bounds) {
      bounds.putIfAbsent("max_boosted_flow_steps", root.numberNode(0));
    }
    if (root.get("sampling") instanceof ObjectNode sampling) {
      fillInSampling(sampling);
      if (root.get("presets") instanceof ObjectNode presets) {
        for (String name : presets.properties().stream().map(e -> e.getKey()).toList()) {
          if (presets.get(name) instanceof ObjectNode changes) {
            presets.set(name, preset(sampling, changes));
          }
        }
      }
    }
  }

  /** No tokens, and no codebook, are ones of size 0. */
  private static void fillInTokens(ObjectNode root) {
    if (root.path("codebook").isNull()) {
      root.putObject("codebook").put("size", 0).put("dim", 0);
    }
    if (root.path("tokens").isNull()) {
      root.putObject("tokens").put("count", 0);
    }
    if (root.get("tokens") instanceof ObjectNode tokens) {
      tokens.putIfAbsent("dim", root.path("codebook").path("dim").deepCopy());
      root.putIfAbsent("slots", tokens.path("count").deepCopy());
    }
  }

  private static ObjectNode preset(ObjectNode defaults, ObjectNode changes) {
    ObjectNode preset = changes.objectNode();
    JsonNode description = changes.remove("description");
    JsonNode metrics = changes.remove("metrics");
    preset.set("description", description == null ? changes.textNode("") : description);
    preset.set("metrics", metrics == null ? changes.objectNode() : metrics);
    ObjectNode sampling = defaults.deepCopy().setAll(changes);
    fillInSampling(sampling);
    return preset.set("sampling", sampling);
  }

  private static void fillInSampling(ObjectNode sampling) {
    sampling.putIfAbsent("gtr", sampling.nullNode());
    sampling.putIfAbsent("frequency_steps", sampling.nullNode());
    if (sampling.get("gtr") instanceof ObjectNode gtr) {
      for (RecordComponent option : GtrOptions.class.getRecordComponents()) {
        gtr.putIfAbsent(snakeCase(option.getName()), gtr.nullNode());
      }
    }
  }

  private static String snakeCase(String name) {
    return PropertyNamingStrategies.SnakeCaseStrategy.INSTANCE.translate(name);
  }

  /** A token generator: one row of tokens, no picture. */
  private static void fillInPicture(ObjectNode root) {
    root.putObject("image").put("height", 0).put("width", 0);
    root.putObject("latent")
        .put("channels", 0)
        .put("height", 0)
        .put("width", 0)
        .put("scale", 1)
        .put("shift", 0);
    root.putObject("grid")
        .put("rows", 1)
        .set("columns", root.path("tokens").path("count").deepCopy());
    root.set("patch_dim", root.path("tokens").path("dim").deepCopy());
    root.put("autoencoder", false);
    if (root.get("codebook") instanceof ObjectNode codebook) {
      codebook.putIfAbsent("dim", codebook.numberNode(1));
    }
    // A caption has its vector beside its words.
    int vector = root.path("text").path("pooled_dim").asInt(0) > 0 ? 1 : 0;
    int words = root.path("text").path("max_tokens").asInt(1) + vector;
    int slots = root.path("features").path("max_length").asInt(words);
    root.put("slots", 2 * slots); // with the condition, and without
  }

  private static String path(JsonProcessingException e) {
    if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
      return "manifest.json";
    }
    return mapping.getPath().stream()
        .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
        .collect(Collectors.joining("."));
  }
}

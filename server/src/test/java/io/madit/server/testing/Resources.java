package io.madit.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.madit.server.model.Bundle;
import io.madit.server.model.BundleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;

/** Committed test data. */
public final class Resources {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Resources() {}

  public static Path path(String name) {
    try {
      return Path.of(Resources.class.getResource("/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  public static JsonNode json(String name) {
    try {
      return JSON.readTree(path(name).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A random-weight bundle, e.g. "pico-buffer". */
  public static Bundle bundle(String name) {
    try {
      return Bundle.load(path("models/" + name));
    } catch (BundleException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The trained model of the repository; tests run in the module's folder. */
  public static Bundle embeddedModel() {
    try {
      return Bundle.load(Path.of("..", "models", "madit-nano"));
    } catch (BundleException e) {
      throw new IllegalStateException(e);
    }
  }

  public static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  public static double[] doubles(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }
}

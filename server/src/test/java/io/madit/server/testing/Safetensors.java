package io.madit.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads tensors of a safetensors file. */
public final class Safetensors {
  private final byte[] content;
  private final JsonNode header;
  private final int dataBegin;

  public Safetensors(Path file) {
    try {
      content = Files.readAllBytes(file);
      int length = (int) ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
      dataBegin = 8 + length;
      header = new ObjectMapper().readTree(content, 8, length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public float[] floats(String name) {
    byte[] bytes = bytes(name, "F32");
    float[] values = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  public byte[] bytes(String name) {
    return bytes(name, "U8");
  }

  private byte[] bytes(String name, String type) {
    JsonNode entry = header.get(name);
    if (entry == null || !entry.get("dtype").asText().equals(type)) {
      throw new IllegalArgumentException("no " + type + " tensor " + name);
    }
    JsonNode range = entry.get("data_offsets");
    return Arrays.copyOfRange(
        content, dataBegin + range.get(0).asInt(), dataBegin + range.get(1).asInt());
  }
}

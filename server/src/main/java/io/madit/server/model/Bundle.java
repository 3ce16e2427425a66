package io.madit.server.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * A model on disk whose hashes, schema and sizes have been checked. Immutable; equal only to
 * itself.
 */
public final class Bundle {
  static final String MANIFEST = "manifest.json";
  static final String MODEL = "model.pt";
  static final String CODEWORD_KL = "codeword_kl.f32";
  static final String TOKENIZER = "tokenizer.json";

  private final Path folder;
  private final Manifest manifest;
  private final String manifestSha256;
  private final float[] codewordKl;

  private Bundle(Path folder, Manifest manifest, String manifestSha256, float[] codewordKl) {
    this.folder = folder;
    this.manifest = manifest;
    this.manifestSha256 = manifestSha256;
    this.codewordKl = codewordKl;
  }

  /**
   * Reads and checks a bundle folder. The TorchScript file is hashed but not loaded.
   *
   * @throws BundleException naming the field or file that does not fit
   */
  public static Bundle load(Path folder) throws BundleException {
    byte[] json = read(folder, MANIFEST);
    Manifest manifest = ManifestReader.read(json);
    for (Map.Entry<String, String> file : manifest.files().entrySet()) {
      String actual = sha256(folder, file.getKey());
      if (!actual.equals(file.getValue())) {
        throw new BundleException(
            "files." + file.getKey(), "SHA-256 is " + actual + ", manifest has " + file.getValue());
      }
    }
    float[] codewordKl =
        manifest.hasCodewordKl()
            ? codewordKl(read(folder, CODEWORD_KL), manifest.codebook().size())
            : new float[0];
    return new Bundle(folder, manifest, hex(digest().digest(json)), codewordKl);
  }

  private static float[] codewordKl(byte[] bytes, int codebookSize) throws BundleException {
    if (bytes.length != 4L * codebookSize) {
      throw new BundleException(
          CODEWORD_KL,
          "must have 4 bytes for each of codebook.size = "
              + codebookSize
              + " codewords, has "
              + bytes.length);
    }
    float[] kl = new float[codebookSize];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(kl);
    for (int i = 0; i < kl.length; i++) {
      if (!Float.isFinite(kl[i])) {
        throw new BundleException(CODEWORD_KL, "entry " + i + " is " + kl[i]);
      }
    }
    return kl;
  }

  private static byte[] read(Path folder, String name) throws BundleException {
    try {
      return Files.readAllBytes(folder.resolve(name));
    } catch (IOException e) {
      throw new BundleException(name, "cannot be read: " + e);
    }
  }

  private static String sha256(Path folder, String name) throws BundleException {
    MessageDigest digest = digest();
    byte[] chunk = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(folder.resolve(name))) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
      }
    } catch (IOException e) {
      throw new BundleException(name, "cannot be read: " + e);
    }
    return hex(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  public Manifest manifest() {
    return manifest;
  }

  /** SHA-256 of {@code manifest.json}, 64 hex digits. */
  public String manifestSha256() {
    return manifestSha256;
  }

  /** A copy: nats, one per codeword; empty where codewords have none. */
  public float[] codewordKl() {
    return codewordKl.clone();
  }

  /** KL of one codeword in nats. */
  public float codewordKl(int id) {
    return codewordKl[id];
  }

  /** {@code NAME@VERSION}. */
  public String id() {
    return manifest.name() + "@" + manifest.version();
  }

  Path modelFile() {
    return folder.resolve(MODEL);
  }

  Path tokenizerFile() {
    return folder.resolve(TOKENIZER);
  }

  @Override
  public String toString() {
    return id();
  }
}

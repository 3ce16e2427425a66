package io.madit.server.security;

import io.madit.server.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that belong together and are applied again when their content changes. What cannot be used
 * is reported once and changes nothing. Content is compared, not dates: mounted secrets are
 * replaced by links.
 */
final class WatchedFiles {
  /** Puts the files' content, in their order, into force, or throws and leaves all as it was. */
  interface Use {
    void apply(List<byte[]> contents) throws ConfigException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(WatchedFiles.class);
  private static final long MAX_BYTES = 4 << 20;

  private final String name;
  private final List<Path> files;
  private final Use use;
  private byte[] lastTried = new byte[0];
  private String lastReadProblem = "";

  private WatchedFiles(String name, List<Path> files, Use use) {
    this.name = name;
    this.files = List.copyOf(files);
    this.use = use;
  }

  /**
   * Applies the files.
   *
   * @param name flag that names them
   * @throws ConfigException with the flag, the files and what is wrong
   */
  static WatchedFiles open(String name, List<Path> files, Use use) throws ConfigException {
    WatchedFiles watched = new WatchedFiles(name, files, use);
    List<byte[]> contents = watched.read();
    watched.lastTried = digest(contents);
    watched.apply(contents);
    return watched;
  }

  /** Applies them again if they have changed. */
  synchronized void check() {
    try {
      List<byte[]> contents = read();
      lastReadProblem = "";
      byte[] digest = digest(contents);
      if (Arrays.equals(digest, lastTried)) {
        return;
      }
      lastTried = digest;
      apply(contents);
      LOG.info("{}: changed, read again", name);
    } catch (ConfigException e) {
      if (!e.getMessage().equals(lastReadProblem)) {
        lastReadProblem = e.getMessage();
        LOG.warn("{}; what was read before stays in force", e.getMessage());
      }
    }
  }

  private void apply(List<byte[]> contents) throws ConfigException {
    try {
      use.apply(contents);
    } catch (ConfigException e) {
      throw new ConfigException(name + " " + describeFiles() + ": " + e.getMessage());
    }
  }

  private String describeFiles() {
    return String.join(" and ", files.stream().map(Path::toString).toList());
  }

  private List<byte[]> read() throws ConfigException {
    List<byte[]> contents = new ArrayList<>();
    for (Path file : files) {
      try {
        if (Files.size(file) > MAX_BYTES) {
          throw new ConfigException(
              name + " " + file + ": must have at most " + MAX_BYTES + " bytes");
        }
        contents.add(Files.readAllBytes(file));
      } catch (NoSuchFileException e) {
        throw new ConfigException(name + " " + file + ": no such file");
      } catch (IOException e) {
        throw new ConfigException(name + " " + file + ": cannot be read: " + e.getMessage());
      }
    }
    return contents;
  }

  /** Of all contents: the secrets themselves are not kept. */
  private static byte[] digest(List<byte[]> contents) {
    MessageDigest all = Digests.sha256();
    contents.forEach(content -> all.update(Digests.sha256().digest(content)));
    return all.digest();
  }
}

package io.madit.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture file to send through tokens and back.
 *
 * @param name the file's name without its ending
 * @param caption what it shows, or empty
 */
record DemoPicture(String name, String caption, BufferedImage picture) {
  private static final String CAPTIONS = "captions.json";
  private static final String ENDING = ".png";

  /**
   * At most {@code limit} pictures of a folder: those named in its captions.json ({"file.png":
   * "caption", ...}) in that order or, without one, all PNG files by name.
   */
  static List<DemoPicture> readAll(Path folder, int limit) throws IOException {
    List<DemoPicture> pictures = new ArrayList<>();
    JsonNode captions = captions(folder);
    for (String file : captions.isEmpty() ? pngFiles(folder) : names(captions)) {
      if (pictures.size() < limit) {
        String name = file.endsWith(ENDING) ? file.substring(0, file.length() - 4) : file;
        BufferedImage content = PictureFile.parse(Files.readAllBytes(folder.resolve(file)));
        pictures.add(new DemoPicture(name, captions.path(file).asText(""), content));
      }
    }
    if (pictures.isEmpty()) {
      throw new CommandFailure("no PNG pictures in " + folder);
    }
    return pictures;
  }

  private static JsonNode captions(Path folder) throws IOException {
    Path file = folder.resolve(CAPTIONS);
    ObjectMapper json = new ObjectMapper();
    return Files.exists(file) ? json.readTree(file.toFile()) : json.createObjectNode();
  }

  private static List<String> names(JsonNode captions) {
    List<String> names = new ArrayList<>();
    captions.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<String> pngFiles(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(ENDING))
          .sorted()
          .toList();
    }
  }
}

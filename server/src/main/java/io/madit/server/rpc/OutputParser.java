package io.madit.server.rpc;

import io.madit.server.image.EncodeSettings;
import io.madit.server.model.Manifest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import java.util.ArrayList;
import java.util.List;

/** Output options with their defaults. */
final class OutputParser {
  static final int MAX_EXTRA_FORMATS = 4;
  private static final String FIELD = "output.";

  private OutputParser() {}

  static OutputSpec parse(Manifest manifest, OutputOptions given, Violations violations) {
    List<OutputFormat> formats = new ArrayList<>();
    formats.add(format("format", given.getFormat(), given.getFormatValue(), violations));
    violations.within(
        FIELD + "extra_formats.length", given.getExtraFormatsCount(), 0, MAX_EXTRA_FORMATS);
    for (int i = 0; i < Math.min(given.getExtraFormatsCount(), MAX_EXTRA_FORMATS); i++) {
      if (given.getExtraFormatsValue(i) == 0) {
        violations.add(FIELD + "extra_formats[" + i + "]", "must not be UNSPECIFIED");
      }
      formats.add(
          format(
              "extra_formats[" + i + "]",
              given.getExtraFormats(i),
              given.getExtraFormatsValue(i),
              violations));
    }
    if (formats.contains(OutputFormat.OUTPUT_FORMAT_PIXELS)
        && !manifest.family().readsAndGivesPixels()) {
      violations.add(FIELD + "format", "must not be PIXELS: this model gives none");
    }
    if (!manifest.autoencoder() && formats.stream().anyMatch(OutputSpec::isPicture)) {
      violations.add(FIELD + "format", "must be LATENTS: this model has no autoencoder");
    }
    EncodeSettings standard = EncodeSettings.DEFAULT;
    int jpeg = given.hasJpegQuality() ? given.getJpegQuality() : standard.jpegQuality();
    int webp = given.hasWebpQuality() ? given.getWebpQuality() : standard.webpQuality();
    int png =
        given.hasPngCompressionLevel() ? given.getPngCompressionLevel() : standard.pngCompression();
    violations.within(FIELD + "jpeg_quality", Integer.toUnsignedLong(jpeg), 1, 100);
    violations.within(FIELD + "webp_quality", Integer.toUnsignedLong(webp), 1, 100);
    violations.within(FIELD + "png_compression_level", Integer.toUnsignedLong(png), 0, 9);
    EncodeSettings encoding =
        violations.isEmpty()
            ? new EncodeSettings(jpeg, webp, given.getWebpLossless(), png)
            : standard;
    return new OutputSpec(List.copyOf(formats), encoding, given.getIncludePlan());
  }

  static OutputFormat format(String name, OutputFormat given, int number, Violations violations) {
    return switch (given) {
      case OUTPUT_FORMAT_UNSPECIFIED -> OutputFormat.OUTPUT_FORMAT_PNG;
      case OUTPUT_FORMAT_PNG,
          OUTPUT_FORMAT_JPEG,
          OUTPUT_FORMAT_WEBP,
          OUTPUT_FORMAT_RAW_RGB,
          OUTPUT_FORMAT_PIXELS,
          OUTPUT_FORMAT_LATENTS ->
          given;
      default -> {
        violations.add(FIELD + name, "must be PNG, JPEG, WEBP, RAW_RGB, PIXELS or LATENTS", number);
        yield OutputFormat.OUTPUT_FORMAT_PNG;
      }
    };
  }
}

package io.madit.server.rpc;

import io.madit.server.image.EncodeSettings;
import io.madit.v1.OutputFormat;
import java.util.List;

/**
 * What a result shall look like.
 *
 * @param formats the main format first
 */
public record OutputSpec(List<OutputFormat> formats, EncodeSettings encoding, boolean includePlan) {
  boolean wantsPicture() {
    return formats.stream().anyMatch(OutputSpec::isPicture);
  }

  boolean wantsLatents() {
    return formats.contains(OutputFormat.OUTPUT_FORMAT_LATENTS);
  }

  boolean wantsPixels() {
    return formats.contains(OutputFormat.OUTPUT_FORMAT_PIXELS);
  }

  boolean wantsTokens() {
    return formats.contains(OutputFormat.OUTPUT_FORMAT_TOKENS);
  }

  static boolean isPicture(OutputFormat format) {
    return switch (format) {
      case OUTPUT_FORMAT_PNG, OUTPUT_FORMAT_JPEG, OUTPUT_FORMAT_WEBP, OUTPUT_FORMAT_RAW_RGB -> true;
      default -> false;
    };
  }
}

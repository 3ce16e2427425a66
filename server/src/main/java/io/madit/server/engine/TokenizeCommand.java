package io.madit.server.engine;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.Manifest;
import java.util.OptionalLong;

/**
 * Asks for the tokens of a picture.
 *
 * @param input of exactly the model's size, in a form that the model reads
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 */
public record TokenizeCommand(Bundle model, EncoderInput input, OptionalLong deadlineNanos) {
  public TokenizeCommand {
    Manifest manifest = model.manifest();
    Manifest.Image size = manifest.image();
    if (input instanceof EncoderInput.Rgb rgb) {
      RgbPicture picture = rgb.picture();
      if (picture.width() != size.width() || picture.height() != size.height()) {
        throw new IllegalArgumentException(
            "picture must be %dx%d, is %dx%d"
                .formatted(size.width(), size.height(), picture.width(), picture.height()));
      }
    } else if (input instanceof EncoderInput.Pixels pixels) {
      count("pixels", pixels.values(), 3 * size.height() * size.width());
    } else if (input instanceof EncoderInput.Latents latents) {
      count("latents", latents.values(), manifest.latent().size());
    }
  }

  private static void count(String name, float[] values, int expected) {
    if (values.length != expected) {
      throw new IllegalArgumentException(
          name + " must have " + expected + " values, has " + values.length);
    }
  }
}

package io.madit.server.engine;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.Manifest;
import java.util.OptionalLong;

/**
 * Asks for the tokens of a picture.
 *
 * @param picture of exactly the model's size
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 */
public record TokenizeCommand(Bundle model, RgbPicture picture, OptionalLong deadlineNanos) {
  public TokenizeCommand {
    Manifest.Image size = model.manifest().image();
    if (picture.width() != size.width() || picture.height() != size.height()) {
      throw new IllegalArgumentException(
          "picture must be %dx%d, is %dx%d"
              .formatted(size.width(), size.height(), picture.width(), picture.height()));
    }
  }
}

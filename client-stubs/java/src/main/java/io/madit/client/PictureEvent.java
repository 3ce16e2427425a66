package io.madit.client;

import io.madit.v1.ImageAccepted;
import io.madit.v1.ImagePreview;
import io.madit.v1.ImageProgress;

/** What happens to a picture in a {@link PictureStream}. The last event is {@link Done}. */
public sealed interface PictureEvent {
  /** The picture was admitted: ids may come. Comes again when a broken stream is opened again. */
  record Accepted(ImageAccepted message) implements PictureEvent {}

  /** The state of the work. */
  record Progress(ImageProgress message) implements PictureEvent {}

  /** The picture so far. */
  record Preview(ImagePreview message) implements PictureEvent {
    /** Its pixels. */
    public Rendering rendering() {
      return new Rendering(message.getOutput());
    }
  }

  /** The picture is done. */
  record Done(Picture picture) implements PictureEvent {}
}

package io.madit.load;

/**
 * How one streamed picture went.
 *
 * @param whole from the intended begin of the picture
 * @param lastId when its last id was meant to be sent, on the clock of {@link System#nanoTime}
 * @param firstPreview when the first preview came; 0 if none did
 */
record StreamOutcome(Outcome whole, long lastId, long firstPreview, int previews, int progress) {
  /** As if the picture had been asked for with its last id. */
  Outcome fromLastId() {
    return new Outcome(
        lastId,
        whole.sent(),
        whole.ended(),
        whole.code(),
        whole.reason(),
        whole.queueSeconds(),
        whole.roundsSeconds(),
        whole.decodeSeconds(),
        whole.encodeSeconds());
  }

  long firstPreviewNanos() {
    return firstPreview - whole.intended();
  }
}

package io.madit.server.admission;

/**
 * Bounds on what is inside the server.
 *
 * @param maxPictures awaiting tokens, queued, running, or on their way out
 * @param maxPicturesPerClient of these, by one client
 * @param maxBacklogSeconds of device work; an idle server takes any one picture
 * @param maxStateBytes of all pictures together
 * @param checkDeadlines refuse what the cost model says would be late
 */
public record AdmissionLimits(
    int maxPictures,
    int maxPicturesPerClient,
    double maxBacklogSeconds,
    long maxStateBytes,
    boolean checkDeadlines) {
  public AdmissionLimits {
    require("maxPictures", maxPictures >= 1, maxPictures);
    require("maxPicturesPerClient", maxPicturesPerClient >= 1, maxPicturesPerClient);
    require("maxBacklogSeconds", maxBacklogSeconds > 0, maxBacklogSeconds);
    require("maxStateBytes", maxStateBytes >= 1, maxStateBytes);
  }

  private static void require(String name, boolean holds, Number value) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be positive, is " + value);
    }
  }
}

package io.madit.server.admission;

import io.madit.server.admission.Refusal.Reason;
import io.madit.server.engine.EngineLoad;
import java.util.Locale;
import java.util.Optional;

/** Decides whether a request may enter: a pure function. */
final class AdmissionPolicy {
  private AdmissionPolicy() {}

  /**
   * A refusal, or nothing when it may enter.
   *
   * @param caution factor on predictions
   */
  static Optional<Refusal> decide(
      Ask ask, Inside inside, EngineLoad load, double caution, AdmissionLimits limits) {
    double meanSeconds = inside.backlogSeconds() / Math.max(1, inside.pictures());
    if (inside.pictures() >= limits.maxPictures()) {
      return refuse(
          Reason.QUEUE_FULL,
          "the server holds " + inside.pictures() + " pictures already",
          meanSeconds);
    }
    if (inside.clientPictures() >= limits.maxPicturesPerClient()) {
      return refuse(
          Reason.CLIENT_QUOTA,
          "this client has " + inside.clientPictures() + " pictures in the server already",
          meanSeconds);
    }
    if (ask.bytes() > limits.maxStateBytes()) {
      return Optional.of(
          Refusal.lasting(
              Reason.MEMORY,
              "the picture needs "
                  + ask.bytes()
                  + " bytes, the server has "
                  + limits.maxStateBytes()));
    }
    if (inside.bytes() + ask.bytes() > limits.maxStateBytes()) {
      return refuse(Reason.MEMORY, "all memory for pictures is in use at the moment", meanSeconds);
    }
    double backlog = inside.backlogSeconds() + ask.shareSeconds();
    if (inside.pictures() > 0 && backlog > limits.maxBacklogSeconds()) {
      return refuse(
          Reason.QUEUE_FULL,
          String.format(Locale.ROOT, "%.1f seconds of work wait already", inside.backlogSeconds()),
          backlog - limits.maxBacklogSeconds());
    }
    return limits.checkDeadlines() ? deadline(ask, inside, load, caution) : Optional.empty();
  }

  private static Optional<Refusal> deadline(
      Ask ask, Inside inside, EngineLoad load, double caution) {
    if (ask.secondsLeft().isEmpty()) {
      return Optional.empty();
    }
    double left = ask.secondsLeft().getAsDouble();
    if (ask.aloneSeconds() > left) {
      return Optional.of(
          Refusal.lasting(
              Reason.DEADLINE_TOO_SHORT,
              String.format(
                  Locale.ROOT,
                  "the deadline is in %.3f seconds, the work alone takes %.3f",
                  left,
                  ask.aloneSeconds())));
    }
    double expected = caution * expectedSeconds(ask, inside, load);
    // An empty server lets it try, so that too much caution is unlearned.
    return expected <= left || inside.pictures() == 0
        ? Optional.empty()
        : refuse(
            Reason.DEADLINE_UNREACHABLE,
            String.format(
                Locale.ROOT,
                "the deadline is in %.3f seconds, an answer is expected in %.3f",
                left,
                expected),
            expected - left);
  }

  /**
   * Seconds until it would be done. If it fits into the rounds beside all that is ahead, it starts
   * at once and only its rounds are longer. Else it waits for those who wait, then for the first of
   * the running ones to end, and shares full rounds.
   */
  static double expectedSeconds(Ask ask, Inside inside, EngineLoad load) {
    if (inside.aheadRows() + ask.rows() <= ask.width() * ask.rows()) {
      double others = inside.aheadPictures() * ask.shareSeconds();
      return ask.aloneSeconds() + Math.min(others, inside.aheadSeconds());
    }
    double running = Math.min(load.memberSeconds(), inside.aheadSeconds());
    double waiting = inside.aheadSeconds() - running;
    return waiting
        + running / Math.max(1, load.members())
        + ask.aloneSeconds()
        + Math.min((ask.width() - 1) * ask.shareSeconds(), inside.aheadSeconds());
  }

  private static Optional<Refusal> refuse(Reason reason, String message, double retrySeconds) {
    return Optional.of(Refusal.retryable(reason, message, retrySeconds));
  }
}

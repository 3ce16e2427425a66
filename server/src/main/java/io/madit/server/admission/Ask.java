package io.madit.server.admission;

import io.madit.server.cost.Costs;
import io.madit.server.cost.WorkLeft;
import io.madit.server.engine.Priority;
import java.util.OptionalDouble;

/**
 * What a request would take.
 *
 * @param client for the quota
 * @param shareSeconds of the device that others do not get
 * @param aloneSeconds until it is done when nothing else runs
 * @param rows decoder rows of one of its rounds; 0 if it has none
 * @param width how many like it share a round usefully, at least 1
 * @param bytes of state
 * @param secondsLeft until its deadline; empty: none
 */
public record Ask(
    String client,
    Priority priority,
    double shareSeconds,
    double aloneSeconds,
    int rows,
    double width,
    long bytes,
    OptionalDouble secondsLeft) {
  /** A picture to draw. */
  public static Ask picture(
      String client,
      Priority priority,
      Costs costs,
      WorkLeft work,
      int rows,
      long bytes,
      OptionalDouble secondsLeft) {
    return new Ask(
        client,
        priority,
        costs.share(work) + costs.condition(),
        costs.alone(work) + costs.condition(),
        work.rounds() == 0 ? 0 : rows,
        work.rounds() == 0 ? 1 : Math.max(1, costs.usefulRows() / rows),
        bytes,
        secondsLeft);
  }

  /** A picture to tokenize. */
  public static Ask tokenize(
      String client, Priority priority, Costs costs, long bytes, OptionalDouble secondsLeft) {
    return new Ask(client, priority, costs.encode(), costs.encode(), 0, 1, bytes, secondsLeft);
  }
}

package io.madit.load;

import io.madit.v1.Priority;

/**
 * One planned request.
 *
 * @param atNanos after the begin of the series
 * @param rounds 0: those of the workload
 */
record Arrival(long atNanos, int rounds, Priority priority) {
  Arrival(long atNanos) {
    this(atNanos, 0, Priority.PRIORITY_NORMAL);
  }
}

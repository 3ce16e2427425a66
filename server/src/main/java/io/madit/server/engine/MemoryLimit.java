package io.madit.server.engine;

/**
 * Rows that fit the device's memory, learned from failures: half of what failed, then slowly more
 * again, because other processes on the device come and go.
 */
final class MemoryLimit {
  private static final double GROWTH = 1.01;

  private double rows = Double.POSITIVE_INFINITY;

  void failed(int failedRows) {
    rows = Math.min(rows, failedRows / 2.0);
  }

  void succeeded(int roundRows) {
    if (roundRows >= 0.9 * rows) {
      rows *= GROWTH;
    }
  }

  int rows() {
    return (int) Math.min(rows, Integer.MAX_VALUE);
  }
}

package io.madit.server.cost;

/** Least squares with coefficients that cannot be negative, on normal equations. */
final class NonNegativeLeastSquares {
  private static final int SWEEPS = 500;
  private static final double RIDGE = 1e-9;

  private NonNegativeLeastSquares() {}

  /**
   * Minimises {@code x'Gx - 2h'x} over x &gt;= 0 by cyclic coordinate descent, which converges for
   * every positive semidefinite G.
   *
   * @param gram G, {@code [n][n]}
   * @param moments h, {@code [n]}
   */
  static double[] solve(double[][] gram, double[] moments) {
    int n = moments.length;
    double[] scale = new double[n];
    for (int i = 0; i < n; i++) {
      scale[i] = gram[i][i] > 0 ? 1 / Math.sqrt(gram[i][i]) : 0;
    }
    double[] x = new double[n];
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      for (int i = 0; i < n; i++) {
        double rest = moments[i] * scale[i];
        for (int j = 0; j < n; j++) {
          rest -= j == i ? 0 : gram[i][j] * scale[i] * scale[j] * x[j];
        }
        x[i] = scale[i] == 0 ? 0 : Math.max(0, rest / (1 + RIDGE));
      }
    }
    for (int i = 0; i < n; i++) {
      x[i] *= scale[i];
    }
    return x;
  }
}

package io.madit.server.cost;

/**
 * Learns the {@link Costs} of one model from what its work took. Old measurements fade, so that it
 * follows a device that becomes slower. Not thread-safe: it belongs to the engine thread, others
 * read snapshots.
 */
public final class CostModel {
  /** Weight of a measurement after one more: about the last 500 rounds count. */
  private static final double MEMORY = 0.998;

  private static final double SMOOTHING = 0.1;

  /** The device's speed changes all costs alike and soon: the last 30 rounds or so tell it. */
  private static final double DRIFT_SMOOTHING = 0.03;

  /** A round counts as at most this much slower or faster than predicted. */
  private static final double DRIFT_CLIP = Math.log(2);

  /**
   * Useful width is where throughput reaches this share of its limit. With rounds of fixed + m
   * seconds at m seconds of rows, throughput relative to its limit is m / (fixed + m).
   */
  private static final double USEFUL_SHARE = 0.95;

  private static final double CALIBRATION_MEMORY = 0.9995;
  private static final double CALIBRATION_FLOOR = 0.1;

  private static final int FEATURES = 4;

  private final double leastUsefulRows;

  // Decayed sums over rounds, weighted for relative error.
  private final double[][] gram = new double[FEATURES][FEATURES];
  private final double[] moments = new double[FEATURES];

  // The same of the calibration, kept: rounds that are all alike do not tell the coefficients
  // apart.
  private final double[][] keptGram = new double[FEATURES][FEATURES];
  private final double[] keptMoments = new double[FEATURES];
  private double keptWeight = 1;

  private double[] coefficients = new double[FEATURES];
  private double decoderRows;
  private double variableSeconds;
  private double condition = Double.NaN;
  private double decode = Double.NaN;
  private double encode = Double.NaN;
  private double relativeError;

  /** Logarithm of measured over fitted. */
  private double drift;

  private long rounds;

  /**
   * @param leastUsefulRows a width that is tried whatever the fit says: rounds that are all narrow
   *     would never prove it wrong
   */
  public CostModel(double leastUsefulRows) {
    this.leastUsefulRows = leastUsefulRows;
  }

  /** One packed round. */
  public void observeRound(RoundWork work, double seconds) {
    if (!(seconds > 0)) {
      return;
    }
    double[] x = {1, work.encoderRows(), work.decoderRows(), work.predictedRows()};
    if (rounds > 0) {
      double error = Math.abs(speed() * fitted(x) - seconds) / seconds;
      relativeError = rounds == 1 ? error : smooth(relativeError, error);
      double seen = Math.log(seconds / fitted(x)) - drift;
      drift += DRIFT_SMOOTHING * Math.max(-DRIFT_CLIP, Math.min(DRIFT_CLIP, seen));
    }
    rounds++;
    keptWeight = Math.max(CALIBRATION_FLOOR, CALIBRATION_MEMORY * keptWeight);
    double weight = 1 / (seconds * seconds);
    for (int i = 0; i < FEATURES; i++) {
      for (int j = 0; j < FEATURES; j++) {
        gram[i][j] = MEMORY * gram[i][j] + weight * x[i] * x[j];
      }
      moments[i] = MEMORY * moments[i] + weight * x[i] * seconds;
    }
    decoderRows = MEMORY * decoderRows + x[2];
    if (refitDue()) {
      fit();
    }
    variableSeconds = MEMORY * variableSeconds + fitted(x) - coefficients[0];
  }

  /** What was seen so far is remembered longer: it came from rounds chosen to differ. */
  public void endCalibration() {
    for (int i = 0; i < FEATURES; i++) {
      for (int j = 0; j < FEATURES; j++) {
        keptGram[i][j] += gram[i][j];
        gram[i][j] = 0;
      }
      keptMoments[i] += moments[i];
      moments[i] = 0;
    }
    keptWeight = 1;
    fit();
    drift = 0;
  }

  private void fit() {
    double[][] allGram = new double[FEATURES][FEATURES];
    double[] allMoments = new double[FEATURES];
    for (int i = 0; i < FEATURES; i++) {
      for (int j = 0; j < FEATURES; j++) {
        allGram[i][j] = keptWeight * keptGram[i][j] + gram[i][j];
      }
      allMoments[i] = keptWeight * keptMoments[i] + moments[i];
    }
    coefficients = NonNegativeLeastSquares.solve(allGram, allMoments);
  }

  /** Often while little is known, seldom later: a fit costs some microseconds. */
  private boolean refitDue() {
    return rounds < 64 || rounds % 16 == 0;
  }

  public void observeCondition(double seconds) {
    condition = smooth(condition, seconds);
  }

  public void observeDecode(double seconds) {
    decode = smooth(decode, seconds);
  }

  public void observeEncode(double seconds) {
    encode = smooth(encode, seconds);
  }

  /** What is known now. */
  public Costs costs() {
    return new Costs(
        speed() * coefficients[0],
        speed() * coefficients[1],
        speed() * coefficients[2],
        speed() * coefficients[3],
        known(condition),
        known(decode),
        known(encode),
        usefulRows(),
        relativeError);
  }

  private double usefulRows() {
    if (rounds == 0 || variableSeconds <= 0) {
      return Double.POSITIVE_INFINITY;
    }
    double secondsPerRow = variableSeconds / decoderRows;
    return Math.max(
        leastUsefulRows, USEFUL_SHARE / (1 - USEFUL_SHARE) * coefficients[0] / secondsPerRow);
  }

  private double speed() {
    return Math.exp(drift);
  }

  private double fitted(double[] x) {
    double sum = 0;
    for (int i = 0; i < FEATURES; i++) {
      sum += coefficients[i] * x[i];
    }
    return sum;
  }

  private static double smooth(double mean, double value) {
    return Double.isNaN(mean) ? value : mean + SMOOTHING * (value - mean);
  }

  private static double known(double value) {
    return Double.isNaN(value) ? 0 : value;
  }
}

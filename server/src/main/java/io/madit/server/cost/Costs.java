package io.madit.server.cost;

/**
 * Measured costs of one model on this device, a snapshot; all in seconds. A packed round costs
 * {@code fixed + perEncoderRow * e + perDecoderRow * d + perPredictedRow * p}.
 *
 * @param fixed of a round, whatever is in it
 * @param condition to open a session
 * @param decode of one picture or preview
 * @param encode to tokenize one picture
 * @param usefulRows decoder rows of a packed round beyond which throughput hardly grows
 * @param relativeError of predicted rounds, recent mean of |predicted - measured| / measured
 */
public record Costs(
    double fixed,
    double perEncoderRow,
    double perDecoderRow,
    double perPredictedRow,
    double condition,
    double decode,
    double encode,
    double usefulRows,
    double relativeError) {
  /** Nothing measured yet: everything is free and any width is useful. */
  public static final Costs UNKNOWN = new Costs(0, 0, 0, 0, 0, 0, 0, Double.POSITIVE_INFINITY, 0);

  /** Seconds of one packed round. */
  public double round(RoundWork work) {
    return fixed + marginal(work);
  }

  private double marginal(RoundWork work) {
    return perEncoderRow * work.encoderRows()
        + perDecoderRow * work.decoderRows()
        + perPredictedRow * work.predictedRows();
  }

  /** Seconds until the picture is there when nothing else runs. */
  public double alone(WorkLeft left) {
    return left.rounds() * fixed + marginal(left.rows()) + left.pictures() * decode;
  }

  /**
   * Seconds of the device that the picture takes from others: it pays for its own rows and, of the
   * fixed cost of a round, for its share of a round of useful width.
   */
  public double share(WorkLeft left) {
    double width = Math.max(1, usefulRows);
    double fixedShare =
        left.rounds() == 0 ? 0 : Math.min(left.rounds(), left.rows().decoderRows() / width) * fixed;
    return fixedShare + marginal(left.rows()) + left.pictures() * decode;
  }
}

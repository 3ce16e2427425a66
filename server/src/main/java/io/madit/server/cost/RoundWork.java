package io.madit.server.cost;

/**
 * Rows that one or more rounds put through the model; sums of it are meaningful.
 *
 * @param encoderRows condition slots and visible patches, per transformer pass
 * @param decoderRows condition slots and all patches, per transformer pass
 * @param predictedRows patches through the flow head, times its evaluations
 */
public record RoundWork(double encoderRows, double decoderRows, double predictedRows) {
  public static final RoundWork NONE = new RoundWork(0, 0, 0);

  public RoundWork plus(RoundWork other) {
    return new RoundWork(
        encoderRows + other.encoderRows,
        decoderRows + other.decoderRows,
        predictedRows + other.predictedRows);
  }

  /** For what is left of a sum. */
  public RoundWork minus(RoundWork other) {
    return new RoundWork(
        encoderRows - other.encoderRows,
        decoderRows - other.decoderRows,
        predictedRows - other.predictedRows);
  }
}

package io.madit.server.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class NonNegativeLeastSquaresTest {
  private static final Offset<Double> CLOSE = within(1e-6);

  @Test
  void solve_findsPositiveCoefficients() {
    double[] x = solve(new double[] {0.5, 2, 0.25}, 0);
    assertThat(x[0]).isEqualTo(0.5, CLOSE);
    assertThat(x[1]).isEqualTo(2, CLOSE);
    assertThat(x[2]).isEqualTo(0.25, CLOSE);
  }

  @Test
  void solve_neverGoesBelowZero() {
    for (double value : solve(new double[] {0.5, -2, 0.25}, 0)) {
      assertThat(value).isNotNegative();
    }
  }

  @Test
  void solve_ignoresAFeatureThatNeverOccurs() {
    double[][] gram = {{4, 0}, {0, 0}};
    double[] x = NonNegativeLeastSquares.solve(gram, new double[] {8, 0});
    assertThat(x[0]).isEqualTo(2, CLOSE);
    assertThat(x[1]).isZero();
  }

  @Test
  void solve_livesWithNoise() {
    double[] x = solve(new double[] {0.5, 2, 0.25}, 0.01);
    assertThat(x[1]).isEqualTo(2, within(0.05));
  }

  /** Rebuilds coefficients from random rows. */
  private static double[] solve(double[] truth, double noise) {
    Random random = new Random(1);
    double[][] gram = new double[3][3];
    double[] moments = new double[3];
    for (int sample = 0; sample < 200; sample++) {
      double[] row = {1, random.nextDouble() * 10, random.nextDouble() * 100};
      double y = noise * random.nextGaussian();
      for (int i = 0; i < 3; i++) {
        y += truth[i] * row[i];
      }
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          gram[i][j] += row[i] * row[j];
        }
        moments[i] += row[i] * y;
      }
    }
    return NonNegativeLeastSquares.solve(gram, moments);
  }
}

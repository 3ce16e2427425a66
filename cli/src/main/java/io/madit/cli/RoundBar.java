package io.madit.cli;

import io.madit.v1.StreamDetokenizeResponse;
import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar over the rounds of one picture, on standard error. */
final class RoundBar implements Consumer<StreamDetokenizeResponse>, AutoCloseable {
  private static final int WIDTH = 100;

  /** Rarely where no person watches; the launcher knows. */
  private static final int INTERVAL_MILLIS = Boolean.getBoolean("madit.terminal") ? 100 : 5000;

  private final ProgressBar bar;

  RoundBar(String name, int rounds) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(rounds)
            .setUnit(" rounds", 1)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(INTERVAL_MILLIS)
            .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
            .build();
  }

  @Override
  public void accept(StreamDetokenizeResponse event) {
    if (event.hasProgress()) {
      bar.stepTo(event.getProgress().getRoundsDone());
    }
    if (event.hasImage()) {
      bar.stepTo(event.getImage().getReport().getRounds());
    }
  }

  @Override
  public void close() {
    bar.close();
  }
}

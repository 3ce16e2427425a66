package io.madit.load;

import java.util.function.IntConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on standard error. */
final class Progress implements IntConsumer, AutoCloseable {
  private final ProgressBar bar;

  Progress(String name, int requests) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(requests)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(1000)
            .build();
  }

  @Override
  public void accept(int sent) {
    bar.stepTo(sent);
  }

  @Override
  public void close() {
    bar.close();
  }
}

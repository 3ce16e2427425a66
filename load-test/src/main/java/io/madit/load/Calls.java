package io.madit.load;

import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;

/**
 * The calls of a series.
 *
 * @param <R> how one of them went
 */
interface Calls<R> {
  /**
   * Builds the i-th call ahead of its time.
   *
   * @return sends it now; is given the intended start on the clock of {@link System#nanoTime}
   */
  LongFunction<CompletableFuture<R>> prepare(int i);
}

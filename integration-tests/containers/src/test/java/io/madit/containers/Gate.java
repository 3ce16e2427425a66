package io.madit.containers;

/** Lets all pass, or nobody until it is opened again. */
final class Gate {
  private boolean closed;
  private int waiting;

  synchronized void shut() {
    closed = true;
  }

  synchronized void open() {
    closed = false;
    notifyAll();
  }

  /** Waits until somebody stands before the shut gate. */
  synchronized void awaitWaiting() throws InterruptedException {
    while (waiting == 0) {
      wait();
    }
  }

  /** Waits while the gate is shut. */
  synchronized void pass() throws InterruptedException {
    waiting++;
    notifyAll();
    try {
      while (closed) {
        wait();
      }
    } finally {
      waiting--;
    }
  }
}

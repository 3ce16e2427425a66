package io.madit.server.admission;

/** A request that may not enter. */
public final class AdmissionRefused extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient Refusal refusal;

  AdmissionRefused(Refusal refusal) {
    super(refusal.message());
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }

  /** Refusals are many under overload and no bugs: no stack trace. */
  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized") // does nothing
  public Throwable fillInStackTrace() {
    return this;
  }
}

package io.madit.server.rpc;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A call that fails for a reason its caller may know. The message may be shown. */
public final class RequestFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * One field that does not fit.
   *
   * @param field path in the request, snake_case: {@code visual.token_ids.ids[3]}
   * @param description rule and given value
   */
  public record Violation(String field, String description) {}

  private final ErrorCode code;
  private final transient List<Violation> violations;
  private final Duration retryAfter;

  private RequestFailure(
      ErrorCode code, String message, List<Violation> violations, Duration retryAfter) {
    super(message);
    this.code = code;
    this.violations = List.copyOf(violations);
    this.retryAfter = retryAfter;
  }

  /** A failure without field violations that a retry does not mend. */
  public static RequestFailure of(ErrorCode code, String message) {
    return new RequestFailure(code, message, List.of(), null);
  }

  /** One or more fields that do not fit. */
  public static RequestFailure invalid(List<Violation> violations) {
    Violation first = violations.get(0);
    String message = first.field() + " " + first.description();
    if (violations.size() > 1) {
      message += " (and " + (violations.size() - 1) + " more)";
    }
    return new RequestFailure(ErrorCode.INVALID_FIELD, message, violations, null);
  }

  /** A field that does not fit, for a reason with a code of its own. */
  static RequestFailure violating(ErrorCode code, String field, String description) {
    return new RequestFailure(
        code, field + " " + description, List.of(new Violation(field, description)), null);
  }

  /** A refusal that is worth another try. */
  public static RequestFailure retryable(ErrorCode code, String message, Duration retryAfter) {
    return new RequestFailure(code, message, List.of(), retryAfter);
  }

  public ErrorCode code() {
    return code;
  }

  public List<Violation> violations() {
    return violations;
  }

  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}

package io.madit.server.rpc;

import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong with one request, at most {@value #MOST} entries. */
public final class Violations {
  private static final int MOST = 16;

  private final List<RequestFailure.Violation> found = new ArrayList<>();

  /** A rule and the value that breaks it. */
  public void add(String field, String rule, Object value) {
    if (found.size() < MOST) {
      found.add(new RequestFailure.Violation(field, rule + ", is " + value));
    }
  }

  /** A rule that is broken. */
  public void add(String field, String description) {
    if (found.size() < MOST) {
      found.add(new RequestFailure.Violation(field, description));
    }
  }

  /** Whether {@code low <= value <= high}. */
  public boolean within(String field, long value, long low, long high) {
    boolean fits = value >= low && value <= high;
    if (!fits) {
      add(field, low == high ? "must be " + low : "must be " + low + " to " + high, value);
    }
    return fits;
  }

  /** Not a number never fits. */
  boolean within(String field, double value, double low, double high) {
    boolean fits = value >= low && value <= high;
    if (!fits) {
      add(field, "must be " + plain(low) + " to " + plain(high), plain(value));
    }
    return fits;
  }

  void addAll(Violations others) {
    addAll("", others);
  }

  /** Those of a message inside the request; {@code path} ends in a dot. */
  void addAll(String path, Violations others) {
    others.found.forEach(v -> add(path + v.field(), v.description()));
  }

  public boolean isEmpty() {
    return found.isEmpty();
  }

  /** Throws if anything was found. */
  public void check() {
    if (!found.isEmpty()) {
      throw RequestFailure.invalid(found);
    }
  }

  /** Text of a client for a message: in quotes, and not too long. */
  public static String quoted(String text) {
    return '"' + (text.length() > 80 ? text.substring(0, 80) + "..." : text) + '"';
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}

package io.madit.server.telemetry;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names in a PromQL expression. Enough of the language for our own rules; promtool knows the
 * rest.
 *
 * @param selectors metrics, in order
 * @param grouping labels of {@code by}, {@code on} and their kind
 */
record PromQuery(List<Selector> selectors, Set<String> grouping) {
  private static final Pattern RANGE = Pattern.compile("\\[[^]]*]");
  private static final Pattern GROUPING =
      Pattern.compile("\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");
  private static final Pattern LABEL = Pattern.compile("\\w+");
  private static final Pattern SELECTOR =
      Pattern.compile("(?<![\\w.:])([a-zA-Z_:][\\w:]*)(?!\\s*\\(|[\\w:])\\s*(?:\\{([^}]*)})?");
  private static final Pattern MATCHER =
      Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"([^\"]*)\"");
  private static final Set<String> WORDS =
      Set.of("and", "or", "unless", "bool", "offset", "group_left", "group_right");

  /**
   * @param matchers what each label must be, as written: one value, or a regular expression
   */
  record Selector(String metric, Map<String, String> matchers) {}

  static PromQuery parse(String expression) {
    String rest = RANGE.matcher(expression).replaceAll("");
    Set<String> grouping = new TreeSet<>();
    Matcher clauses = GROUPING.matcher(rest);
    while (clauses.find()) {
      LABEL.matcher(clauses.group(1)).results().forEach(label -> grouping.add(label.group()));
    }
    List<Selector> selectors =
        SELECTOR
            .matcher(clauses.replaceAll(" "))
            .results()
            .filter(word -> !WORDS.contains(word.group(1)))
            .map(word -> new Selector(word.group(1), matchers(word)))
            .toList();
    return new PromQuery(selectors, grouping);
  }

  private static Map<String, String> matchers(MatchResult selector) {
    Map<String, String> matchers = new TreeMap<>();
    if (selector.group(2) != null) {
      Matcher matcher = MATCHER.matcher(selector.group(2));
      while (matcher.find()) {
        matchers.put(matcher.group(1), matcher.group(2));
      }
    }
    return matchers;
  }
}

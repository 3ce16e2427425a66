package io.madit.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.madit.server.engine.DetokenizeCommand;
import io.madit.server.engine.Priority;
import io.madit.server.model.Bundle;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.FrequencySteps;
import io.madit.server.reveal.GtrOptions;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.PatchGrid;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;

/** One request whose result the reference sampler has computed. */
public record GoldenCase(String bundle, JsonNode json) {
  public static List<GoldenCase> of(String bundle) {
    JsonNode cases = Resources.json("golden/" + bundle + ".json").get("cases");
    return StreamSupport.stream(cases.spliterator(), false)
        .map(json -> new GoldenCase(bundle, json))
        .toList();
  }

  public String name() {
    return json.get("name").asText();
  }

  public long seed() {
    return json.get("seed").asLong();
  }

  public int[] ids() {
    return Resources.ints(json.get("ids"));
  }

  public int[] order() {
    return Resources.ints(json.get("order"));
  }

  public int[] ends() {
    return Resources.ints(json.get("rounds").get("end"));
  }

  public SamplingSettings settings() {
    JsonNode sampling = json.get("sampling");
    boolean user = json.get("user_plan").asBoolean();
    UserPlan plan = user ? userPlan() : UserPlan.NONE;
    return settings(sampling, user, json.get("regression_only").asBoolean(), plan, places());
  }

  /** Settings as modelkit writes them. */
  public static SamplingSettings settings(
      JsonNode sampling, boolean user, boolean regressionOnly, UserPlan plan, PatchGrid grid) {
    int rounds = sampling.get("rounds").asInt();
    int flowSteps = sampling.get("flow_steps").asInt();
    RevealOrder order =
        user ? RevealOrder.USER : RevealOrder.valueOf(upper(sampling, "reveal_order"));
    JsonNode boosts = sampling.path("frequency_steps");
    return new SamplingSettings(
        rounds,
        flowSteps,
        sampling.get("guidance_scale").asDouble(),
        GuidanceSchedule.valueOf(upper(sampling, "guidance_schedule")),
        order,
        RevealSchedule.valueOf(upper(sampling, "reveal_schedule")),
        regressionOnly,
        sampling.get("temperature").asDouble(),
        sampling.get("noise_scale").asDouble(),
        plan,
        0,
        order == RevealOrder.GTR
            ? Optional.of(gtr(sampling.path("gtr")).resolve(grid, rounds, flowSteps))
            : Optional.empty(),
        boosts.isObject()
            ? new FrequencySteps(
                boosts.get("fraction").asDouble(), boosts.get("boosted_flow_steps").asInt())
            : FrequencySteps.NONE);
  }

  private static GtrOptions gtr(JsonNode options) {
    return new GtrOptions(
        integer(options, "stages"),
        integer(options, "reconstruction_rounds"),
        integer(options, "first_flow_steps"),
        integer(options, "last_flow_steps"),
        integer(options, "reconstruction_flow_steps"));
  }

  private static Integer integer(JsonNode node, String field) {
    return node.has(field) ? node.get(field).asInt() : null;
  }

  /** Recorded models have square grids. */
  private PatchGrid places() {
    int side = (int) Math.sqrt(ids().length);
    return new PatchGrid(side, side);
  }

  private UserPlan userPlan() {
    int[] counts = ends();
    for (int k = counts.length - 1; k > 0; k--) {
      counts[k] -= counts[k - 1];
    }
    JsonNode rounds = json.get("rounds");
    return new UserPlan(
        order(),
        counts,
        Resources.ints(rounds.get("flow_steps")),
        Resources.doubles(rounds.get("guidance")));
  }

  public DetokenizeCommand command(Bundle model) {
    int[] textIds = Resources.ints(json.get("text_ids"));
    return new DetokenizeCommand(
        model,
        new VisualInput.TokenIds(ids()),
        textIds.length == 0 ? TextConditioning.NONE : new TextConditioning.TokenIds(textIds),
        seed(),
        settings(),
        true,
        true,
        false,
        0,
        false,
        OptionalLong.empty(),
        Priority.NORMAL);
  }

  private static String upper(JsonNode node, String field) {
    return node.get(field).asText().toUpperCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return bundle + "/" + name();
  }
}

package io.madit.server.cost;

import io.madit.server.model.GuidancePlacement;
import io.madit.server.model.Manifest;
import io.madit.server.reveal.Round;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The work of one picture, round by round; immutable.
 *
 * @param left entry k is the work of rounds k and later; the last entry is {@link RoundWork#NONE}
 * @param pictures decodes at the end: 1, or 0 when only latents are wanted
 */
public record WorkPlan(List<RoundWork> left, int pictures) {
  public WorkPlan {
    left = List.copyOf(left);
  }

  /** Work of a picture that needs no rounds. */
  public static WorkPlan ofLatents(int pictures) {
    return new WorkPlan(List.of(RoundWork.NONE), pictures);
  }

  /**
   * Work of a picture's rounds.
   *
   * @param slots condition slots L + S
   */
  public static WorkPlan of(
      Manifest manifest, List<Round> rounds, int slots, boolean regressionOnly, boolean picture) {
    List<RoundWork> left = new ArrayList<>();
    RoundWork sum = RoundWork.NONE;
    left.add(sum);
    for (int k = rounds.size() - 1; k >= 0; k--) {
      sum = sum.plus(work(manifest, rounds.get(k), slots, regressionOnly));
      left.add(0, sum);
    }
    return new WorkPlan(left, picture ? 1 : 0);
  }

  private static RoundWork work(Manifest manifest, Round round, int slots, boolean regressionOnly) {
    int patches = manifest.grid().patches();
    OptionalDouble neutral = manifest.neutralGuidance();
    boolean off = neutral.isPresent() && round.guidance() == neutral.getAsDouble();
    boolean guided = !regressionOnly && !off;
    int passes = guided && manifest.guidancePlacement() == GuidancePlacement.BUFFER ? 2 : 1;
    double steps =
        round.flowSteps() + round.boostFraction() * (round.boostedSteps() - round.flowSteps());
    double evaluations = regressionOnly ? 1 : steps * (guided ? 2 : 1);
    return new RoundWork(
        passes * (slots + round.begin()), passes * (slots + patches), round.count() * evaluations);
  }

  public int rounds() {
    return left.size() - 1;
  }

  /** Work of round {@code k}, from 0. */
  public RoundWork round(int k) {
    return left.get(k).minus(left.get(k + 1));
  }

  /** All of it, none done. */
  public WorkLeft whole() {
    return after(0);
  }

  /** What is left when {@code done} rounds have run. */
  public WorkLeft after(int done) {
    return new WorkLeft(rounds() - done, left.get(done), pictures);
  }
}

package io.madit.server.cost;

/**
 * Work that is left of one picture.
 *
 * @param rounds to run
 * @param rows of all of them
 * @param pictures to decode
 */
public record WorkLeft(int rounds, RoundWork rows, int pictures) {
  public static final WorkLeft NONE = new WorkLeft(0, RoundWork.NONE, 0);
}

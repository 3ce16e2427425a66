package io.madit.server.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/**
 * The model families that this server runs. Their scripts have the same entry points; what a bundle
 * can do is said by the facts of its manifest, not by its family.
 */
public enum Family {
  /** Token ids to picture, masked rounds, rectified flow. */
  @JsonProperty("madit")
  MADIT("euler", "euler", true),
  /** Token ids to picture, masked rounds, linear flow or CondOT. */
  @JsonProperty("v2flow")
  V2FLOW("dpm-solver++2m", "dopri5", false),
  /** Class to picture, masked rounds, diffusion. */
  @JsonProperty("mar")
  MAR("ddpm", "ddpm", false),
  /** One-dimensional tokens and text to picture, one round. */
  @JsonProperty("ta-titok")
  TA_TITOK("", "", false),
  /** Some token ids, or none, and a class, text or features to all token ids. */
  @JsonProperty("maskgil")
  MASKGIL("", "", false),
  /** Text and an aesthetic score to the tokens of a picture, ids or continuous. */
  @JsonProperty("maskgen")
  MASKGEN("ddpm", "ddpm", false);

  private final String solver;
  private final String adaptiveSolver;
  private final boolean coarseEstimate;

  Family(String solver, String adaptiveSolver, boolean coarseEstimate) {
    this.solver = solver;
    this.adaptiveSolver = adaptiveSolver;
    this.coarseEstimate = coarseEstimate;
  }

  /** Whether a patch can be its coarse estimate, without the head. */
  public boolean hasCoarseEstimate() {
    return coarseEstimate;
  }

  /** Whether noise takes part. */
  public boolean draws() {
    return this != TA_TITOK;
  }

  /** Whether its script tokenizes float pixels, and gives the picture as such. */
  public boolean readsAndGivesPixels() {
    return this == TA_TITOK;
  }

  /** Whether its script tokenizes latents. */
  public boolean tokenizesLatents() {
    return this == V2FLOW;
  }

  /** Whether tokens come out, and no picture. */
  public boolean drawsTokens() {
    return this == MASKGIL || this == MASKGEN;
  }

  /** Whether some ids can be given, so that only the others are drawn. */
  public boolean completes() {
    return this == MASKGIL;
  }

  /** Its name in manifests. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Solver of the flow or diffusion head; empty if there is none. */
  public String solver(boolean adaptive) {
    return adaptive ? adaptiveSolver : solver;
  }
}

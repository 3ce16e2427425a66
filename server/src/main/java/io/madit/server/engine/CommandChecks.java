package io.madit.server.engine;

import io.madit.server.model.CaptionText;
import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.SamplingSettings;

/** Checks the parts of a command against the manifest. */
final class CommandChecks {
  private final Manifest manifest;

  CommandChecks(Manifest manifest) {
    this.manifest = manifest;
  }

  void visual(VisualInput visual) {
    int tokens = manifest.tokens().count();
    if (manifest.drawsTokens() != visual instanceof VisualInput.PartialIds) {
      throw new IllegalArgumentException("partial ids belong to models that draw tokens");
    }
    if (visual instanceof VisualInput.ClassLabel input) {
      classLabel(input.label());
    } else if (visual instanceof VisualInput.TokenIds input) {
      ids(input.ids());
    } else if (visual instanceof VisualInput.PartialIds input) {
      ids(input.ids());
      label(input.label());
    } else if (visual instanceof VisualInput.ContinuousTokens input) {
      count("continuous tokens", input.values().length, tokens * manifest.tokens().dim());
      finite("continuous tokens", input.values());
    } else if (visual instanceof VisualInput.Latents input) {
      count("latents", input.values().length, manifest.latent().size());
      finite("latents", input.values());
    } else {
      throw new IllegalArgumentException("visual must not be null");
    }
  }

  private void ids(int[] ids) {
    count("ids", ids.length, manifest.tokens().count());
    for (int id : ids) {
      if (id < -1 || id >= manifest.codebook().size()) {
        throw refused("ids must be within the codebook of " + manifest.codebook().size(), id);
      }
    }
  }

  private void classLabel(int label) {
    if (manifest.takesTokens()) {
      throw new IllegalArgumentException("this model draws from tokens, not from a class");
    }
    label(label);
  }

  private void label(int label) {
    int classes = manifest.classes() == null ? 0 : manifest.classes().count();
    if (label < -1 || label >= classes) {
      throw refused("class label must be -1 to " + (classes - 1), label);
    }
  }

  void text(TextConditioning text) {
    if (manifest.captioned() != text instanceof TextConditioning.Caption) {
      throw new IllegalArgumentException("captions belong to models that are made for them");
    }
    if (text instanceof TextConditioning.Caption caption) {
      caption(caption.text());
      caption(caption.none());
    }
    if (text.length() == 0) {
      return;
    }
    Manifest.Features limits =
        manifest
            .featureLimits()
            .orElseThrow(() -> new IllegalArgumentException("this model takes no text"));
    if (text.length() > limits.maxLength()) {
      throw refused("text must have at most " + limits.maxLength() + " tokens", text.length());
    }
    if (text instanceof TextConditioning.TokenIds input) {
      words(input.ids());
    } else if (text instanceof TextConditioning.Embeddings input) {
      count("text embeddings", input.values().length, text.length() * limits.dim());
      finite("text embeddings", input.values());
    }
  }

  private void caption(CaptionText caption) {
    if (caption instanceof CaptionText.Words input) {
      words(input.ids());
    } else if (caption instanceof CaptionText.Features input) {
      Manifest.Text limits = manifest.text();
      count("text embeddings", input.slots().length, limits.maxTokens() * limits.embedDim());
      count("pooled text", input.pooled().length, limits.pooledDim());
      finite("text embeddings", input.slots());
      finite("pooled text", input.pooled());
    }
  }

  private void words(int[] ids) {
    int words = manifest.textLimits().map(Manifest.Text::vocabularySize).orElse(0);
    for (int id : ids) {
      if (id < 0 || id >= words) {
        throw refused("text ids must be within 0.." + (words - 1), id);
      }
    }
  }

  /** Whether the model can give what is wanted. */
  void outputs(boolean wantPicture, boolean wantLatents, boolean wantPixels) {
    if (wantPixels && !manifest.family().readsAndGivesPixels()) {
      throw new IllegalArgumentException("this model gives no float pixels");
    }
    if (wantLatents && manifest.drawsTokens()) {
      throw new IllegalArgumentException("this model gives tokens and no latents");
    }
    if (wantPicture && !manifest.autoencoder()) {
      throw new IllegalArgumentException("this model has no autoencoder: it gives only latents");
    }
  }

  void sampling(SamplingSettings sampling) {
    Manifest.Bounds bounds = manifest.bounds();
    atMost("rounds", sampling.rounds(), bounds.maxRounds());
    atMost("flowSteps", sampling.flowSteps(), bounds.maxFlowSteps());
    atMost("guidanceScale", sampling.guidanceScale(), bounds.maxGuidanceScale());
    atMost(
        "frequencySteps.boostedFlowSteps",
        sampling.frequencySteps().boostedFlowSteps(),
        bounds.maxBoostedFlowSteps());
    sampling
        .gtr()
        .ifPresent(
            gtr -> {
              atMost("gtr.firstFlowSteps", gtr.firstFlowSteps(), bounds.maxFlowSteps());
              int last = gtr.reconstructionFlowSteps();
              atMost("gtr.reconstructionFlowSteps", last, bounds.maxFlowSteps());
            });
    atMost("userPlan.counts", sampling.userPlan().counts().length, bounds.maxRounds());
    for (int steps : sampling.userPlan().flowSteps()) {
      atMost("userPlan.flowSteps", steps, bounds.maxFlowSteps());
    }
    for (double scale : sampling.userPlan().guidanceScales()) {
      atMost("userPlan.guidanceScales", scale, bounds.maxGuidanceScale());
    }
  }

  private static void count(String name, int value, int expected) {
    if (value != expected) {
      throw refused(name + " must have " + expected + " values", value);
    }
  }

  private static void atMost(String name, double value, double high) {
    if (value > high) {
      throw refused(name + " must be at most " + high, value);
    }
  }

  private static void finite(String name, float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw refused(name + " must be finite", value);
      }
    }
  }

  private static IllegalArgumentException refused(String rule, Number value) {
    return new IllegalArgumentException(rule + ", is " + value);
  }
}

package io.madit.server.testing;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.Manifest;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.Precision;
import io.madit.server.model.RoundTask;
import io.madit.server.model.RuntimeFailure;
import io.madit.server.model.SessionState;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A model without tensors. It counts the states that are open, writes down the seeds of every
 * packed round and fails on request: the hooks run before the work and may throw.
 */
public final class FakeRuntime implements ModelRuntime {
  /** Seeds of the members of each round that was run, in order. */
  public final List<List<Long>> rounds = new ArrayList<>();

  public Consumer<VisualInput> onOpen = visual -> {};
  public Consumer<List<RoundTask>> onRound = tasks -> {};
  public Runnable onDecode = () -> {};
  public Runnable onEncode = () -> {};
  public boolean closed;

  private final Manifest manifest;
  private int open;

  public FakeRuntime(Bundle bundle) {
    manifest = bundle.manifest();
  }

  /** A failure to throw from a hook. */
  public static RuntimeFailure failure(RuntimeFailure.Kind kind) {
    return new RuntimeFailure(kind, "injected", null);
  }

  @Override
  public Precision precision() {
    return Precision.FLOAT32;
  }

  @Override
  public String device() {
    return "fake";
  }

  @Override
  public SessionState open(VisualInput visual, TextConditioning text, int[] order) {
    onOpen.accept(visual);
    open++;
    return new State(manifest.tokens().count() + text.length());
  }

  @Override
  public void round(List<RoundTask> tasks) {
    onRound.accept(tasks);
    rounds.add(tasks.stream().map(RoundTask::seed).toList());
  }

  @Override
  public VisualInput tokens(SessionState state) {
    return new VisualInput.TokenIds(new int[manifest.tokens().count()]);
  }

  @Override
  public RgbPicture decode(SessionState state) {
    onDecode.run();
    return black();
  }

  @Override
  public float[] latents(SessionState state) {
    return new float[manifest.latent().size()];
  }

  @Override
  public RgbPicture decodeLatents(float[] latents) {
    onDecode.run();
    return black();
  }

  private RgbPicture black() {
    int width = manifest.image().width();
    int height = manifest.image().height();
    return new RgbPicture(width, height, new byte[3 * width * height]);
  }

  @Override
  public float[] pixels(float[] latents) {
    return new float[3 * manifest.image().height() * manifest.image().width()];
  }

  @Override
  public VisualInput encode(EncoderInput input) {
    onEncode.run();
    return new VisualInput.TokenIds(new int[manifest.tokens().count()]);
  }

  @Override
  public int liveArrays() {
    return open;
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class State implements SessionState {
    private final int conditionSlots;
    private boolean freed;

    State(int conditionSlots) {
      this.conditionSlots = conditionSlots;
    }

    @Override
    public int conditionSlots() {
      return conditionSlots;
    }

    @Override
    public void close() {
      if (freed) {
        throw new IllegalStateException("freed twice");
      }
      freed = true;
      open--;
    }
  }
}

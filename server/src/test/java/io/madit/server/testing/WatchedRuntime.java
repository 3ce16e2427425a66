package io.madit.server.testing;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.Precision;
import io.madit.server.model.RoundTask;
import io.madit.server.model.SessionState;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import java.util.List;
import java.util.function.Consumer;

/** A real runtime whose calls go through hooks first, which may throw. */
public final class WatchedRuntime implements ModelRuntime {
  public Consumer<VisualInput> onOpen = visual -> {};
  public Consumer<List<RoundTask>> onRound = tasks -> {};
  public Runnable onDecode = () -> {};

  private final ModelRuntime real;

  public WatchedRuntime(ModelRuntime real) {
    this.real = real;
  }

  @Override
  public Precision precision() {
    return real.precision();
  }

  @Override
  public String device() {
    return real.device();
  }

  @Override
  public SessionState open(VisualInput visual, TextConditioning text, int[] order) {
    onOpen.accept(visual);
    return real.open(visual, text, order);
  }

  @Override
  public void round(List<RoundTask> tasks) {
    onRound.accept(tasks);
    real.round(tasks);
  }

  @Override
  public VisualInput tokens(SessionState state) {
    return real.tokens(state);
  }

  @Override
  public RgbPicture decode(SessionState state) {
    onDecode.run();
    return real.decode(state);
  }

  @Override
  public float[] latents(SessionState state) {
    return real.latents(state);
  }

  @Override
  public RgbPicture decodeLatents(float[] latents) {
    return real.decodeLatents(latents);
  }

  @Override
  public float[] pixels(float[] latents) {
    return real.pixels(latents);
  }

  @Override
  public VisualInput encode(EncoderInput input) {
    return real.encode(input);
  }

  @Override
  public int liveArrays() {
    return real.liveArrays();
  }

  @Override
  public void close() {
    real.close();
  }
}

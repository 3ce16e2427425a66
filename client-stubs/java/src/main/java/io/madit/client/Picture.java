package io.madit.client;

import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GenerateResponse;
import io.madit.v1.ImageResult;
import io.madit.v1.Output;
import io.madit.v1.RunReport;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A final picture.
 *
 * @param rendering the result in the format that was asked for
 * @param extras the same in the further formats that were asked for
 * @param report how it came to be, enough to repeat it
 */
public record Picture(Rendering rendering, List<Rendering> extras, RunReport report) {
  public Picture {
    extras = List.copyOf(extras);
  }

  static Picture of(DetokenizeResponse response) {
    return of(response.getOutput(), response.getExtraOutputsList(), response.getReport());
  }

  static Picture of(GenerateResponse response) {
    return of(response.getOutput(), response.getExtraOutputsList(), response.getReport());
  }

  static Picture of(ImageResult result) {
    return of(result.getOutput(), result.getExtraOutputsList(), result.getReport());
  }

  private static Picture of(Output output, List<Output> extras, RunReport report) {
    return new Picture(new Rendering(output), extras.stream().map(Rendering::new).toList(), report);
  }

  /** The seed that was used. */
  public long seed() {
    return report.getSeed();
  }

  /** See {@link Rendering#bytes}. */
  public byte[] bytes() {
    return rendering.bytes();
  }

  /** See {@link Rendering#image}. */
  public BufferedImage image() {
    return rendering.image();
  }

  /** See {@link Rendering#save}. */
  public void save(Path file) throws IOException {
    rendering.save(file);
  }
}

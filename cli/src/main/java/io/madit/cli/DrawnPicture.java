package io.madit.cli;

import io.madit.v1.ImagePreview;
import io.madit.v1.ImageResult;
import java.awt.image.BufferedImage;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What came of one demo picture.
 *
 * @param original the picture as it was tokenized
 * @param tokenKl codeword KL of each token; empty if the model has none
 * @param previews in the order of rounds; some may be missing
 * @param compared what a second model made of it, as large as the original
 */
record DrawnPicture(
    String name,
    String caption,
    BufferedImage original,
    List<Float> tokenKl,
    List<ImagePreview> previews,
    Optional<BufferedImage> compared,
    ImageResult result) {

  BufferedImage picture() {
    return PictureFile.parse(result.getOutput().getData().toByteArray());
  }

  double psnr() {
    return Psnr.decibels(original, picture());
  }

  PhaseTimes times() {
    return PhaseTimes.of(result.getReport().getTimings());
  }

  /** The preview nearest to a share of the rounds, 0 to 1. */
  Optional<ImagePreview> previewAt(double share) {
    return previews.stream()
        .min(
            Comparator.comparingDouble(
                preview -> Math.abs(preview.getRoundsDone() - share * preview.getRoundsTotal())));
  }
}

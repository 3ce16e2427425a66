package io.madit.cli;

import io.madit.v1.ImagePreview;
import io.madit.v1.Model;
import io.madit.v1.RunReport;
import io.madit.v1.SamplingOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The demo's files: each picture, an animation of its rounds, and one contact sheet of all. */
final class DemoGallery {
  private static final String SHEET = "contact-sheet.png";
  private static final List<String> HEADINGS =
      List.of("original", "codeword KL", "1/8 of rounds", "1/4", "1/2", "result");

  private final Path folder;
  private final Model model;
  private final Optional<String> compared;

  /**
   * @param compared heading of a second model's pictures
   */
  DemoGallery(Path folder, Model model, Optional<String> compared) {
    this.folder = folder;
    this.model = model;
    this.compared = compared;
  }

  /** Writes NAME.png as the server sent it, and NAME.gif. */
  void write(DrawnPicture drawn) throws IOException {
    Files.write(
        folder.resolve(drawn.name() + ".png"), drawn.result().getOutput().getData().toByteArray());
    List<RoundStrip.Frame> frames = new ArrayList<>();
    for (ImagePreview preview : drawn.previews()) {
      frames.add(new RoundStrip.Frame(picture(preview), "round " + rounds(preview)));
    }
    frames.add(new RoundStrip.Frame(drawn.picture(), Psnr.format(drawn.psnr())));
    RoundStrip.write(frames, folder.resolve(drawn.name() + ".gif"));
  }

  /** Writes the contact sheet and returns its path. */
  Path writeSheet(List<DrawnPicture> drawn) throws IOException {
    Path file = folder.resolve(SHEET);
    String title = title(drawn.get(0).result().getReport());
    List<List<ContactSheet.Cell>> rows = drawn.stream().map(this::row).toList();
    List<String> headings = new ArrayList<>(HEADINGS);
    compared.ifPresent(headings::add);
    PictureFile.writePng(new ContactSheet(title, headings, rows).draw(), file);
    return file;
  }

  private List<ContactSheet.Cell> row(DrawnPicture drawn) {
    List<ContactSheet.Cell> cells = new ArrayList<>();
    cells.add(
        new ContactSheet.Cell(
            drawn.original(), drawn.caption().isEmpty() ? drawn.name() : drawn.caption()));
    cells.add(klMap(drawn));
    cells.add(preview(drawn, 1 / 8.0));
    cells.add(preview(drawn, 1 / 4.0));
    cells.add(preview(drawn, 1 / 2.0));
    cells.add(new ContactSheet.Cell(drawn.picture(), Psnr.format(drawn.psnr())));
    drawn
        .compared()
        .map(
            other ->
                new ContactSheet.Cell(other, Psnr.format(Psnr.decibels(drawn.original(), other))))
        .ifPresent(cells::add);
    return cells;
  }

  private ContactSheet.Cell klMap(DrawnPicture drawn) {
    List<Float> kl = drawn.tokenKl();
    if (kl.isEmpty()) {
      return new ContactSheet.Cell(blank(), "none");
    }
    double low = kl.stream().mapToDouble(Float::doubleValue).min().orElseThrow();
    double high = kl.stream().mapToDouble(Float::doubleValue).max().orElseThrow();
    return new ContactSheet.Cell(
        KlMap.draw(kl, model.getGridHeight(), model.getGridWidth()),
        String.format(Locale.ROOT, "%.1f-%.1f nats", low, high));
  }

  private ContactSheet.Cell preview(DrawnPicture drawn, double share) {
    return drawn
        .previewAt(share)
        .map(preview -> new ContactSheet.Cell(picture(preview), "round " + rounds(preview)))
        .orElseGet(() -> new ContactSheet.Cell(blank(), "no preview"));
  }

  private BufferedImage blank() {
    return new BufferedImage(
        model.getImageWidth(), model.getImageHeight(), BufferedImage.TYPE_INT_RGB);
  }

  private static BufferedImage picture(ImagePreview preview) {
    return PictureFile.parse(preview.getOutput().getData().toByteArray());
  }

  private static String rounds(ImagePreview preview) {
    return preview.getRoundsDone() + " of " + preview.getRoundsTotal();
  }

  private static String title(RunReport report) {
    SamplingOptions sampling = report.getSampling();
    return String.format(
        Locale.ROOT,
        "%s %s: %d rounds, %d flow steps, guidance %.2f, seed %s",
        report.getModel(),
        report.getModelVersion(),
        report.getRounds(),
        sampling.getFlowSteps(),
        sampling.getGuidanceScale(),
        Long.toUnsignedString(report.getSeed()));
  }
}

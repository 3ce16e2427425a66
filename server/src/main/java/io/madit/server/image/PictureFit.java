package io.madit.server.image;

/** How a picture of another size is brought to the model's size. Pure functions. */
public enum PictureFit {
  /** Scale so that the picture covers the frame, cut the middle. */
  CENTER_CROP {
    @Override
    RgbPicture scaled(RgbPicture picture, int width, int height, int backgroundRgb) {
      double scale = Math.max((double) width / picture.width(), (double) height / picture.height());
      double cutWidth = width / scale;
      double cutHeight = height / scale;
      return Resampler.resize(
          picture,
          (picture.width() - cutWidth) / 2,
          (picture.height() - cutHeight) / 2,
          cutWidth,
          cutHeight,
          width,
          height);
    }
  },
  /** Scale so that the picture fits inside the frame, pad with the background. */
  PAD {
    @Override
    RgbPicture scaled(RgbPicture picture, int width, int height, int backgroundRgb) {
      double scale = Math.min((double) width / picture.width(), (double) height / picture.height());
      int innerWidth = Math.max(1, (int) Math.round(picture.width() * scale));
      int innerHeight = Math.max(1, (int) Math.round(picture.height() * scale));
      RgbPicture inner = STRETCH.scaled(picture, innerWidth, innerHeight, backgroundRgb);
      return padded(inner, width, height, backgroundRgb);
    }
  },
  /** Scale both axes on their own. */
  STRETCH {
    @Override
    RgbPicture scaled(RgbPicture picture, int width, int height, int backgroundRgb) {
      return Resampler.resize(picture, 0, 0, picture.width(), picture.height(), width, height);
    }
  };

  abstract RgbPicture scaled(RgbPicture picture, int width, int height, int backgroundRgb);

  /**
   * The picture at the given size; the picture itself if it has that size.
   *
   * @param backgroundRgb 0xRRGGBB, used for padding
   */
  public RgbPicture fit(RgbPicture picture, int width, int height, int backgroundRgb) {
    return picture.width() == width && picture.height() == height
        ? picture
        : scaled(picture, width, height, backgroundRgb);
  }

  private static RgbPicture padded(RgbPicture inner, int width, int height, int backgroundRgb) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) (backgroundRgb >> 16);
      rgb[i + 1] = (byte) (backgroundRgb >> 8);
      rgb[i + 2] = (byte) backgroundRgb;
    }
    int left = (width - inner.width()) / 2;
    int top = (height - inner.height()) / 2;
    int row = 3 * inner.width();
    for (int y = 0; y < inner.height(); y++) {
      System.arraycopy(inner.rgb(), y * row, rgb, 3 * ((top + y) * width + left), row);
    }
    return new RgbPicture(width, height, rgb);
  }
}

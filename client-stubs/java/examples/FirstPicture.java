import io.madit.client.MaditClient;
import io.madit.client.Picture;
import io.madit.client.PictureOptions;
import java.nio.file.Files;
import java.nio.file.Path;

class FirstPicture {
  public static void main(String[] arguments) throws Exception {
    try (MaditClient client = MaditClient.connect()) {
      // A language model would give the ids.
      int[] ids = client.tokenize(Files.readAllBytes(Path.of("demo/pictures/tree.png")));
      Picture picture = client.detokenize(ids, PictureOptions.defaults().withSeed(7));
      picture.save(Path.of("tree.png"));
      System.out.println("tree.png, " + picture.report().getRounds() + " rounds");
    }
  }
}

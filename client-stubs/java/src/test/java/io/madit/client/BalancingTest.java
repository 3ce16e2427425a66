package io.madit.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.NameResolverRegistry;
import io.madit.client.FlakyServer.Turn;
import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two servers behind one name. */
class BalancingTest {
  private final FixedAddresses addresses = new FixedAddresses();

  @BeforeEach
  void register() {
    NameResolverRegistry.getDefaultRegistry().register(addresses);
  }

  @AfterEach
  void deregister() {
    NameResolverRegistry.getDefaultRegistry().deregister(addresses);
  }

  @Test
  void calls_goToBothServers_andToTheOtherWhenOneStops() throws Exception {
    Turn[] many = Collections.nCopies(10_000, Turn.ok()).toArray(Turn[]::new);
    try (FlakyServer one = new FlakyServer(many);
        FlakyServer two = new FlakyServer(many);
        MaditClient client =
            MaditClient.builder(
                    "%s:///%d,%d".formatted(FixedAddresses.SCHEME, one.port(), two.port()))
                .build()) {
      while (one.calls() == 0 || two.calls() == 0) {
        client.models();
      }
      one.stop();
      int before = two.calls();
      for (int call = 0; call < 10; call++) {
        assertThat(client.models()).hasSize(1);
      }
      assertThat(two.calls()).isEqualTo(before + 10);
    }
  }
}

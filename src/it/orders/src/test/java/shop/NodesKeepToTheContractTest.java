package shop;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.kit.KitRun;
import io.heddle.kit.NodeExecutorKit;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.JdkClientHttpRequestFactoryBuilder;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@Timeout(120)
@SpringBootTest
class NodesKeepToTheContractTest {

  @TempDir static Path directory;

  @Autowired JdbcClient jdbc;

  @Autowired OrdersApplication.Cashier cashier;

  @DynamicPropertySource
  static void database(DynamicPropertyRegistry properties) {
    properties.add("openwop.embedded-postgres.directory", () -> directory.resolve("postgres"));
  }

  @Test
  void theCashierChargesOnceThoughTheProcessDies() {
    KitRun run =
        NodeExecutorKit.ofMethod(cashier, "shop.charge")
            .inputs(Map.of("customer", "Ada", "cents", 1250))
            .run();

    String charge = run.effects().get(0).invocationId();
    assertThat(run.outputs()).isEqualTo(Map.of("charge", charge));
    assertThat(jdbc.sql("select charge from placed_order").query(String.class).list())
        .containsExactly(charge);
  }

  @Test
  void shippingComesToTheSameWheneverItIsCalled() {
    KitRun run =
        NodeExecutorKit.of(new OrdersApplication.Shipping())
            .inputs(Map.of("customer", "Ada", "charge", "c-1"))
            .run();

    assertThat(run.outputs()).isEqualTo(Map.of("parcel", "for Ada"));
    assertThat(run.effects()).isEmpty();
  }

  @Test
  void theApplicationsClientIsTheOneItChose(
      @Autowired ClientHttpRequestFactoryBuilder<?> chosen) {
    assertThat(chosen).isInstanceOf(JdkClientHttpRequestFactoryBuilder.class);
  }
}

package shop;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.WorkflowNode;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Positive;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
public class OrdersApplication {

  public static void main(String[] args) {
    SpringApplication.run(OrdersApplication.class, args);
  }

  record Order(@NotBlank String customer, @Positive long cents) {}

  record Charge(String charge) {}

  @Component
  static class Cashier {

    private final JdbcClient jdbc;

    Cashier(JdbcClient jdbc) {
      this.jdbc = jdbc;
    }

    @WorkflowNode("shop.charge")
    Charge charge(Order order, NodeContext node) throws Exception {
      Object id =
          node.once(
              "shop:charge",
              invocation ->
                  jdbc.sql(
                          """
                          insert into placed_order (customer, cents, charge)
                          values (:customer, :cents, :charge) returning charge
                          """)
                      .param("customer", order.customer())
                      .param("cents", order.cents())
                      .param("charge", invocation)
                      .query(String.class)
                      .single());
      if (node.attempt() == 0) {
        throw new IllegalStateException("The line to the cashier broke");
      }
      return new Charge((String) id);
    }
  }

  @Bean
  NodeExecutor ship() {
    return new Shipping();
  }

  static class Shipping implements NodeExecutor {

    @Override
    public String typeId() {
      return "shop.ship";
    }

    @Override
    public NodeResult execute(NodeContext node) {
      return NodeResult.completed(
          Map.of("parcel", "for " + node.inputs().get("customer")));
    }
  }

  @RestController
  static class Orders {

    private final JdbcClient jdbc;

    Orders(JdbcClient jdbc) {
      this.jdbc = jdbc;
    }

    @GetMapping("/orders")
    int orders() {
      return jdbc.sql("select count(*) from placed_order").query(Integer.class).single();
    }
  }
}

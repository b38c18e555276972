package io.heddle.autoconfigure;

import io.heddle.engine.node.HoldNode;
import io.heddle.engine.node.MockAgentNode;
import io.heddle.engine.node.RequiresMissingNode;
import io.heddle.engine.node.SecretEchoNode;
import io.heddle.engine.node.SideEffectNode;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Node types that only a test deployment executes. */
@ConditionalOnBooleanProperty("openwop.conformance.enabled")
@Configuration(proxyBeanMethods = false)
final class ConformanceNodesConfiguration {

  @Bean
  MockAgentNode heddleMockAgentNode() {
    return new MockAgentNode();
  }

  @Bean
  HoldNode heddleHoldNode() {
    return new HoldNode();
  }

  @Bean
  SideEffectNode heddleSideEffectNode() {
    return new SideEffectNode();
  }

  @Bean
  RequiresMissingNode heddleRequiresMissingNode() {
    return new RequiresMissingNode();
  }

  @Bean
  SecretEchoNode heddleSecretEchoNode() {
    return new SecretEchoNode();
  }
}

package io.heddle.autoconfigure;

import io.heddle.engine.DispatchOptions;
import io.heddle.engine.ExecutionModel;
import io.heddle.engine.Limits;
import io.heddle.run.InterruptEvents;
import io.heddle.web.v1.V1Capability;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the host claims of agents, and of the decisions that some of them take for runs. */
@Configuration(proxyBeanMethods = false)
final class WebAgentsConfiguration {

  /** Node code tells what agents do, and asks where they are not sure. */
  @Bean
  V1Capability heddleAgents() {
    return V1Capability.of(
        "agents",
        Map.of("supported", true, "reasoning", Map.of("verbosity", "full", "streaming", true)));
  }

  @Bean
  @ConditionalOnBean(name = "heddleMockAgentNode")
  V1Capability heddleMockAgents() {
    return V1Capability.of("conformance", Map.of("mockAgent", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSupervisorNode")
  V1Capability heddleOrchestrators() {
    return V1Capability.of("orchestrator", Map.of("supported", true, "fanOutSupported", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSupervisorNode")
  V1Capability heddleOrchestratingAgents() {
    return V1Capability.of("agents", Map.of("orchestrator", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleDispatchNode")
  V1Capability heddleDispatch(Limits limits) {
    return V1Capability.of(
        "dispatch",
        Map.of(
            "supported",
            true,
            "models",
            DispatchOptions.MODELS,
            "fanOutSupported",
            true,
            "fanOutPolicies",
            DispatchOptions.FAN_OUT_POLICIES,
            "joinModes",
            DispatchOptions.JOIN_MODES,
            "onChildFailureModes",
            DispatchOptions.ON_CHILD_FAILURE,
            "maxFanOut",
            limits.maxFanOut(),
            "perItemInput",
            true,
            "askUserRoutings",
            DispatchOptions.ASK_USER_ROUTINGS));
  }

  @Bean
  @ConditionalOnBean(name = "heddleDispatchNode")
  V1Capability heddleDispatchingAgents() {
    return V1Capability.of("agents", Map.of("dispatch", true, "dispatchMapping", true));
  }

  @Bean
  @ConditionalOnBean(name = {"heddleSupervisorNode", "heddleDispatchNode"})
  V1Capability heddleExecutionModel() {
    return V1Capability.of(
        "multiAgent",
        Map.of(
            "executionModel",
            Map.of(
                "supported",
                true,
                "version",
                ExecutionModel.VERSION,
                "confidenceEscalationFloor",
                ExecutionModel.CONFIDENCE_FLOOR,
                "confidenceEscalationInterruptKind",
                InterruptEvents.spelled(ExecutionModel.ESCALATION))));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSubWorkflowNode")
  V1Capability heddleSubRunAttestation() {
    return V1Capability.of("agents", Map.of("subRunAttestation", true));
  }
}

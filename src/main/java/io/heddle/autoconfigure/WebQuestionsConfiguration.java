package io.heddle.autoconfigure;

import io.heddle.engine.node.ApprovalGateNode;
import io.heddle.engine.node.ConversationGateNode;
import io.heddle.interrupt.Inbox;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.postgres.InboxSql;
import io.heddle.run.RunService;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1InboxController;
import io.heddle.web.v1.V1InterruptTokensController;
import io.heddle.web.v1.V1InterruptsController;
import java.util.List;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What runs ask people and other systems. */
@Configuration(proxyBeanMethods = false)
final class WebQuestionsConfiguration {

  @Bean
  @ConditionalOnBean(ApprovalGateNode.class)
  V1Capability heddleApproverRouting() {
    return V1Capability.of(
        "interrupt",
        Map.of("approverRouting", Map.of("supported", true, "refKinds", List.of("group", "role"))));
  }

  @Bean
  @ConditionalOnBean(ConversationGateNode.class)
  V1Capability heddleConversations() {
    return V1Capability.flag("conversationPrimitive");
  }

  @Bean
  V1InterruptsController heddleInterruptsController(
      InterruptService interrupts, RunService runs, Mutations mutations, Requests requests) {
    return new V1InterruptsController(interrupts, runs, mutations, requests);
  }

  @Bean
  @ConditionalOnMissingBean
  Inbox heddleInbox(HostDatabase database) {
    return new InboxSql(database.jdbc());
  }

  @Bean
  V1InboxController heddleInboxController(Inbox inbox) {
    return new V1InboxController(inbox);
  }

  @Bean
  V1InterruptTokensController heddleInterruptTokensController(
      InterruptTokens tokens,
      InterruptService interrupts,
      RunService runs,
      Mutations mutations,
      Requests requests) {
    return new V1InterruptTokensController(tokens, interrupts, runs, mutations, requests);
  }
}

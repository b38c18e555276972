package io.heddle.autoconfigure;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether this host knows any role; a deployment for tests has some of its own. */
final class OnRoles implements Condition {

  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    Binder binder = Binder.get(context.getEnvironment());
    return Boolean.TRUE.equals(
            binder.bind("openwop.conformance.enabled", Boolean.class).orElse(null))
        || binder.bind("openwop.auth.roles", Bindable.mapOf(String.class, Object.class)).isBound();
  }
}

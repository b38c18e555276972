package io.heddle.autoconfigure;

import io.heddle.spi.NodeExecutor;
import io.heddle.spi.WorkflowNode;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.validation.Validator;

/** Finds the methods of an application that are node types. */
final class WorkflowMethods {

  // Spring Boot's, if the application has Bean Validation.
  private static final String VALIDATOR = "defaultValidator";

  private WorkflowMethods() {}

  /** Instantiates no bean: one that needs the host must not be needed by it. */
  static List<NodeExecutor> of(ConfigurableListableBeanFactory beans) {
    Supplier<@Nullable Validator> validator =
        () ->
            beans.containsBean(VALIDATOR) && beans.isTypeMatch(VALIDATOR, Validator.class)
                ? beans.getBean(VALIDATOR, Validator.class)
                : null;
    List<NodeExecutor> executors = new ArrayList<>();
    for (String name : beans.getBeanNamesForType(Object.class, true, false)) {
      Class<?> type = AutoProxyUtils.determineTargetClass(beans, name);
      if (type == null || !AnnotationUtils.isCandidateClass(type, WorkflowNode.class)) {
        continue;
      }
      Map<Method, WorkflowNode> declared =
          MethodIntrospector.selectMethods(
              type,
              (MethodIntrospector.MetadataLookup<WorkflowNode>)
                  method -> AnnotatedElementUtils.findMergedAnnotation(method, WorkflowNode.class));
      declared.forEach(
          (method, node) -> {
            Class<?> exposed = beans.getType(name);
            executors.add(
                new WorkflowMethod(
                    node,
                    AopUtils.selectInvocableMethod(method, exposed == null ? type : exposed),
                    () -> beans.getBean(name),
                    validator));
          });
    }
    return executors;
  }
}

package io.heddle.autoconfigure;

import io.heddle.spi.NodeExecutor;
import io.heddle.spi.WorkflowNode;
import java.lang.reflect.Method;
import java.util.Map;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Gives tests the executors that the host makes of methods with {@link WorkflowNode}. */
public final class WorkflowNodes {

  private WorkflowNodes() {}

  /**
   * The executor of one node type. It is what a host would use, but for Bean Validation, which it
   * leaves out.
   *
   * @param bean what has the method; may be a proxy
   * @param typeId as the annotation of the method names it
   * @return never null; thread-safe if the bean is
   * @throws IllegalArgumentException if the bean has no such method
   */
  public static NodeExecutor executor(Object bean, String typeId) {
    Map<Method, WorkflowNode> declared =
        MethodIntrospector.selectMethods(
            AopUtils.getTargetClass(bean),
            (MethodIntrospector.MetadataLookup<WorkflowNode>)
                method -> AnnotatedElementUtils.findMergedAnnotation(method, WorkflowNode.class));
    return declared.entrySet().stream()
        .filter(entry -> entry.getValue().value().equals(typeId))
        .findFirst()
        .map(
            entry ->
                new WorkflowMethod(
                    entry.getValue(),
                    AopUtils.selectInvocableMethod(entry.getKey(), bean.getClass()),
                    () -> bean,
                    () -> null))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "%s has no method that is the node type '%s'"
                        .formatted(AopUtils.getTargetClass(bean).getName(), typeId)));
  }
}

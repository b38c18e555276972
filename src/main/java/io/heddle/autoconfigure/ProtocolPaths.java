package io.heddle.autoconfigure;

import io.heddle.web.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/**
 * Keeps the protocol's paths where the protocol has them when an application puts a prefix before
 * the paths of all its controllers.
 */
final class ProtocolPaths implements BeanPostProcessor {

  private static final String PROTOCOL = Problem.class.getPackageName();

  @Override
  public Object postProcessBeforeInitialization(Object bean, String name) {
    if (bean instanceof RequestMappingHandlerMapping mapping
        && !mapping.getPathPrefixes().isEmpty()) {
      Map<String, Predicate<Class<?>>> prefixes = new LinkedHashMap<>();
      mapping
          .getPathPrefixes()
          .forEach((prefix, types) -> prefixes.put(prefix, types.and(type -> !isProtocol(type))));
      mapping.setPathPrefixes(prefixes);
    }
    return bean;
  }

  private static boolean isProtocol(Class<?> type) {
    return type.getPackageName().startsWith(PROTOCOL);
  }
}

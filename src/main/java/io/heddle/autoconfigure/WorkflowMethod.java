package io.heddle.autoconfigure;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.WorkflowNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import org.springframework.validation.FieldError;
import org.springframework.validation.SimpleErrors;
import org.springframework.validation.Validator;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/** A method as the executor of a node type. Thread-safe if its bean is. */
final class WorkflowMethod implements NodeExecutor {

  // Not the application's: how its web pages spell JSON must not decide what stands on a log.
  private static final JsonMapper JSON = JsonMapper.shared();

  private static final TypeReference<Map<String, @Nullable Object>> OBJECT =
      new TypeReference<>() {};

  private static final String INVALID = "validation_error";

  private final WorkflowNode declared;

  private final Method method;

  private final Supplier<Object> bean;

  private final Supplier<@Nullable Validator> validator;

  private final @Nullable JavaType inputs;

  /**
   * @param method as it is called on the bean
   * @param bean asked for at each call, so that a bean that needs the host can be a node of it
   * @param validator gives null if the application has none
   * @throws WorkflowMethodException if its signature is none of a node's
   */
  WorkflowMethod(
      WorkflowNode declared,
      Method method,
      Supplier<Object> bean,
      Supplier<@Nullable Validator> validator) {
    this.declared = declared;
    this.method = method;
    this.bean = bean;
    this.validator = validator;
    if (declared.value().startsWith("core.") || declared.value().startsWith("openwop.")) {
      throw new WorkflowMethodException(
          method, "has the node type '%s', which is reserved".formatted(declared.value()));
    }
    if (!isObject(method.getReturnType())) {
      throw new WorkflowMethodException(
          method,
          "returns %s, which has no names for outputs"
              .formatted(method.getReturnType().getSimpleName()));
    }
    Type found = null;
    boolean context = false;
    for (Type parameter : method.getGenericParameterTypes()) {
      if (parameter == NodeContext.class && !context) {
        context = true;
      } else if (parameter != NodeContext.class && found == null) {
        found = parameter;
      } else {
        throw new WorkflowMethodException(method, "takes more than inputs and a NodeContext");
      }
    }
    this.inputs = found == null ? null : JSON.constructType(found);
    if (inputs != null && !isObject(inputs.getRawClass())) {
      throw new WorkflowMethodException(
          method,
          "takes %s, which has no names for inputs"
              .formatted(inputs.getRawClass().getSimpleName()));
    }
    ReflectionUtils.makeAccessible(method);
  }

  private static boolean isObject(Class<?> type) {
    return type == void.class
        || !ClassUtils.isSimpleValueType(type)
            && !type.isArray()
            && !Collection.class.isAssignableFrom(type);
  }

  @Override
  public String typeId() {
    return declared.value();
  }

  @Override
  public boolean pure() {
    return declared.pure();
  }

  @Override
  public NodeResult execute(NodeContext context) throws Exception {
    Class<?>[] types = method.getParameterTypes();
    @Nullable Object[] arguments = new @Nullable Object[types.length];
    for (int i = 0; i < types.length; i++) {
      arguments[i] = types[i] == NodeContext.class ? context : read(context.inputs());
    }
    Object result;
    try {
      result = method.invoke(bean.get(), arguments);
    } catch (InvocationTargetException e) {
      Throwable thrown = e.getCause();
      if (thrown instanceof Exception exception) {
        throw exception;
      }
      throw (Error) thrown;
    }
    if (result instanceof NodeResult outcome) {
      return outcome;
    }
    return result == null
        ? NodeResult.completed()
        : NodeResult.completed(JSON.convertValue(result, OBJECT));
  }

  private Object read(Map<String, @Nullable Object> given) {
    Object read;
    try {
      read = JSON.convertValue(given, inputs);
    } catch (DatabindException e) {
      throw invalid(place(e), reason(e));
    } catch (JacksonException e) {
      throw invalid("", "cannot be read");
    }
    Validator constraints = validator.get();
    if (constraints != null && constraints.supports(read.getClass())) {
      SimpleErrors errors = new SimpleErrors(read, "inputs");
      constraints.validate(read, errors);
      if (errors.hasErrors()) {
        FieldError first = errors.getFieldError();
        throw invalid(
            first == null ? "" : first.getField(),
            String.valueOf(errors.getAllErrors().get(0).getDefaultMessage()));
      }
    }
    return read;
  }

  // A fault names its place and, if it is the application's own, its reason; never the value.
  private static NodeFailedException invalid(String place, String reason) {
    return new NodeFailedException(
        INVALID, place.isEmpty() ? "The inputs " + reason : place + " " + reason, false);
  }

  private static String reason(DatabindException fault) {
    return fault.getCause() instanceof IllegalArgumentException own && own.getMessage() != null
        ? "are refused: " + own.getMessage()
        : "does not fit the type that the node expects";
  }

  private static String place(DatabindException fault) {
    StringBuilder place = new StringBuilder();
    fault
        .getPath()
        .forEach(
            step ->
                place
                    .append(place.isEmpty() ? "" : ".")
                    .append(
                        step.getPropertyName() == null ? step.getIndex() : step.getPropertyName()));
    return place.toString();
  }
}

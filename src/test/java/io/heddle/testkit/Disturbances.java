package io.heddle.testkit;

import io.heddle.run.RunStore;
import io.heddle.run.Step;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Stands between a worker and the store, and lets things happen around its commits. */
public final class Disturbances {

  /** The process ends here: nothing after this happens, and nobody is told. */
  public static final class Killed extends Error {

    private static final long serialVersionUID = 1L;

    public Killed() {
      super("killed", null, false, false);
    }
  }

  /** What happens around a commit. */
  public interface Around {

    /** Before the step is stored; may throw {@link Killed}. */
    void before(Step step);

    /** After the step is stored and before the worker knows; may throw {@link Killed}. */
    void after(Step step);
  }

  private static final Around NOTHING =
      new Around() {
        @Override
        public void before(Step step) {}

        @Override
        public void after(Step step) {}
      };

  private volatile Around around = NOTHING;

  public void cease() {
    around = NOTHING;
  }

  public void are(Around around) {
    this.around = around;
  }

  /** The store as the worker sees it. */
  public RunStore over(RunStore store) {
    return (RunStore)
        Proxy.newProxyInstance(
            RunStore.class.getClassLoader(),
            new Class<?>[] {RunStore.class},
            (proxy, method, arguments) -> {
              boolean commits = method.getName().equals("commit");
              if (commits) {
                around.before((Step) arguments[0]);
              }
              Object result;
              try {
                result = method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (commits) {
                around.after((Step) arguments[0]);
              }
              return result;
            });
  }
}

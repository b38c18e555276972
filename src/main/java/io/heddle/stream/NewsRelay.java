package io.heddle.stream;

import io.heddle.run.CommitListener;

/**
 * Carries news between the nodes of the host. It may lose some: that costs whoever waits for them
 * the time until it looks for itself. Thread-safe.
 */
public interface NewsRelay extends CommitListener, AutoCloseable {

  /** Carries nothing: every node looks for itself. */
  NewsRelay NONE =
      new NewsRelay() {

        @Override
        public void committed(String runId) {}

        @Override
        public void due() {}

        @Override
        public void start(Ear ear) {}

        @Override
        public void close() {}
      };

  /** Tells the others of a commit of this node. Returns at once. */
  @Override
  void committed(String runId);

  /** Tells the others that runs are due for which this node has no free slot. Returns at once. */
  void due();

  /** Begins to carry, also after a close. */
  void start(Ear ear);

  /** Stops carrying. */
  @Override
  void close();

  /** What hears of other nodes. Its methods are called on one thread. */
  interface Ear {

    /** The run's log may have grown. */
    void heard(String runId);

    /** Any log may have grown. */
    void missedSome();

    /** Runs may be due. */
    void due();

    /** An API key that the host gave out was changed. */
    void keyChanged(String keyId);

    /** Whatever is told from now on is heard; what was told before may not have been. */
    void listening();
  }
}

package io.heddle.autoconfigure;

/** Knows how a container says that a request has more headers than it reads. */
interface HeaderOverflow {

  /** Whether the container failed with this for that reason. */
  boolean isCauseOf(Throwable failure);
}

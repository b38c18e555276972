package io.heddle.secret;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Seals with the master key what one before it has sealed, or nobody. Any number of nodes may do so
 * at once: a value is replaced only if it still is what was read. What is sealed with the key that
 * other nodes have already is left alone. Thread-safe.
 */
public final class Resealing {

  private static final Logger log = LoggerFactory.getLogger(Resealing.class);

  private static final int BATCH = 200;

  private final Vault vault;

  private final List<SealedValues> all;

  private volatile double outdated = Double.NaN;

  private volatile double unreadable = Double.NaN;

  private volatile long resealed;

  public Resealing(Vault vault, List<SealedValues> all) {
    this.vault = vault;
    this.all = List.copyOf(all);
  }

  /** How many values a former key still seals, or nobody; NaN until it is known. */
  public double outdated() {
    return outdated;
  }

  /** How many values no key of this host opens; NaN until it is known. */
  public double unreadable() {
    return unreadable;
  }

  /** How many values this node has sealed anew. */
  public long resealed() {
    return resealed;
  }

  /** Looks at everything that is not sealed with the master key. Waits for the database. */
  public synchronized void pass() {
    Counts counts = new Counts();
    try {
      for (SealedValues values : all) {
        reseal(values, counts);
      }
    } catch (RuntimeException e) {
      log.warn(
          "What is sealed with a former master key could not be sealed anew: {}", e.toString());
      return;
    }
    if (counts.unreadable > 0 && counts.unreadable != unreadable) {
      log.warn(
          "{} secrets in the database fit no master key that this host has: configure the one they"
              + " were sealed with as one of openwop.master-key-previous",
          counts.unreadable);
    }
    outdated = counts.outdated;
    unreadable = counts.unreadable;
  }

  private void reseal(SealedValues values, Counts counts) {
    String after = "";
    List<SealedValues.Value> page;
    do {
      page = values.others(vault.beginning(), after, BATCH);
      for (SealedValues.Value value : page) {
        reseal(values, value, counts);
        after = value.id();
      }
    } while (page.size() == BATCH);
  }

  private void reseal(SealedValues values, SealedValues.Value value, Counts counts) {
    switch (vault.standing(value.sealed())) {
      case CURRENT, AHEAD -> {
        // Whoever has that key as the master key takes care of the others.
      }
      case UNKNOWN -> counts.unreadable++;
      case OUTDATED -> {
        try {
          byte[] secret = vault.open(value.sealed(), value.purpose());
          if (values.replace(value, vault.seal(secret, value.purpose()))) {
            resealed++;
          } else {
            // The next pass sees what became of it.
            counts.outdated++;
          }
        } catch (SealedException e) {
          counts.unreadable++;
        }
      }
    }
  }

  private static final class Counts {

    private int outdated;

    private int unreadable;
  }
}

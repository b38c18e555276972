package io.heddle.auth;

import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import java.util.Optional;

/** Finds principals by their ids. Thread-safe. */
public interface Principals {

  /** The principal with what its roles permit; empty if the tenant has none that is known here. */
  Optional<Principal> find(Tenant tenant, String id);
}

package io.heddle.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Finds the addresses of a name. Thread-safe; may block. */
@FunctionalInterface
public interface AddressResolver {

  /** Asks whatever the machine is configured to ask. */
  AddressResolver SYSTEM = InetAddress::getAllByName;

  /**
   * All addresses of a name.
   *
   * @param host a lower-case name of letters, digits, hyphens and dots; never an address
   * @return at least one, in the order in which they are to be tried
   * @throws UnknownHostException if there is none, or nobody to ask
   */
  InetAddress[] resolve(String host) throws UnknownHostException;
}

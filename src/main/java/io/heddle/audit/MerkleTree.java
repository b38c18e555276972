package io.heddle.audit;

import java.util.ArrayList;
import java.util.List;

/**
 * The root over hashes that come one after the other: a pair becomes the hash of both in order, and
 * a last odd one moves up as it is [RFC 0218 §A]. Keeps one node for each power of two in the
 * number of its leaves, so that its size does not matter.
 */
final class MerkleTree {

  /** Roots of the full trees so far, the largest first. */
  private final List<String> peaks;

  private long leaves;

  MerkleTree() {
    this(List.of(), 0);
  }

  /**
   * A tree to go on with.
   *
   * @param peaks what {@link #peaks} gave
   */
  MerkleTree(List<String> peaks, long leaves) {
    if (peaks.size() != Long.bitCount(leaves)) {
      throw new IllegalArgumentException("A tree of %d leaves has other peaks".formatted(leaves));
    }
    this.peaks = new ArrayList<>(peaks);
    this.leaves = leaves;
  }

  /** Adds a hash of 64 lowercase hexadecimal digits. */
  void add(String leaf) {
    String node = leaf;
    for (long rest = leaves; (rest & 1) == 1; rest >>= 1) {
      node = parent(peaks.remove(peaks.size() - 1), node);
    }
    peaks.add(node);
    leaves++;
  }

  long leaves() {
    return leaves;
  }

  List<String> peaks() {
    return List.copyOf(peaks);
  }

  /** The root; there is none of an empty tree. */
  String root() {
    String root = peaks.get(peaks.size() - 1);
    for (int i = peaks.size() - 2; i >= 0; i--) {
      root = parent(peaks.get(i), root);
    }
    return root;
  }

  // Over the digits, not over what they stand for.
  private static String parent(String left, String right) {
    return Hashes.sha256(left + right);
  }
}

package io.heddle.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.json.CanonicalJson;
import io.heddle.json.Json;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The bytes that are hashed and signed, held against the vectors of RFC 0218. */
class MerkleTreeTest {

  /** RFC 8032, section 7.1, test 1: a published key. */
  private static final AuditKeys KEYS =
      AuditKeys.of(
          "-----BEGIN PRIVATE KEY-----\n"
              + Base64.getEncoder()
                  .encodeToString(
                      HexFormat.of()
                          .parseHex(
                              "302e020100300506032b657004220420"
                                  + "9d61b19deffd5a60ba844af492ec2cc4"
                                  + "4449c5697b326919703bac031cae7f60"))
              + "\n-----END PRIVATE KEY-----\n",
          List.of());

  private static final String ROOT_AT_3 =
      "42750e6edbe7a4e7f10f5af0ebc0a25c45db6f89193dd2688cca5cc405d95b32";

  @Test
  void entriesRootsAndSignaturesAreThoseOfTheVectors() {
    List<String> hashes = hashes();

    assertThat(hashes.get(0))
        .isEqualTo("2bb3eb03f572491c7334c1a5a12a43e5786663fd4df773b0beb9d05a5d1b496e");
    assertThat(hashes.get(4))
        .isEqualTo("9930634e696476f67dce8ea69bd89e6ef1d77dbe3279ec694e47e7dacda47f8a");
    assertThat(hashes.get(11))
        .isEqualTo("213f18d0c231ca4206f7aba10ed4b5a11a7b51f71d77dd4c4f04455a24238fe1");
    assertThat(roots(hashes, 1, 3, 7, 12))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                1, "2bb3eb03f572491c7334c1a5a12a43e5786663fd4df773b0beb9d05a5d1b496e",
                3, ROOT_AT_3,
                7, "5e277e32a11f6a3ae377850cdf199e6726daa32e0d83873b698f07aa3096c3e2",
                12, "44a4232543a863aa7fc48477ceb0872e5513dd18db568201990b1b83b4fbbf96"));
    assertThat(KEYS.publicKey())
        .isEqualTo("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    String signature =
        "9Yo8N2iXAYLIXIlysqH0OfLkSlgzX4Za4fM/S/1MtIdS1khdBUZ6kTDAYT2Z0XhH0/Qq/KMJA4qjfJekx4oHDg==";
    assertThat(KEYS.signRoot(ROOT_AT_3)).isEqualTo(signature);
    assertThat(KEYS.verifyRoot(KEYS.keyId(), ROOT_AT_3, signature)).isTrue();
  }

  @Test
  void signaturesOverAnythingElseAreRefused() {
    for (String signature :
        List.of(
            // Over the checkpoint's canonical JSON, and over the root's digits.
            "PNlGy3uTxxx3RXhFHBTV1wCm4XpluOy5QXDR4gWHQjh4tNBEYKN0ur7KJxvNXIHTWdKZSWK2Yk0SB4cJk+ZhBw==",
            "niqG8/dnZLpwv8WfBW082VDfTi5UCrH7uck+hSh3a6ne3RhO+KWvPbyLK++Fw2vumLqD6P4zfTfEgamjxM4ZDA==",
            "",
            "not base64")) {
      assertThat(KEYS.verifyRoot(KEYS.keyId(), ROOT_AT_3, signature)).isFalse();
    }
    assertThat(KEYS.verifyRoot("another", ROOT_AT_3, KEYS.signRoot(ROOT_AT_3))).isFalse();
  }

  @Test
  void aTreeOfAnySizeIsThatOfTheLevelsAndCanBeGoneOnWith() {
    List<String> leaves = new ArrayList<>();
    MerkleTree tree = new MerkleTree();
    for (int size = 1; size <= 200; size++) {
      String leaf = Hashes.sha256("leaf " + size);
      leaves.add(leaf);
      tree.add(leaf);
      tree = new MerkleTree(tree.peaks(), tree.leaves());

      assertThat(tree.root()).isEqualTo(levelByLevel(leaves));
      assertThat(tree.leaves()).isEqualTo(size);
    }
    assertThatThrownBy(() -> new MerkleTree(List.of(ROOT_AT_3), 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aKeyIsNeverQuoted() {
    assertThatThrownBy(() -> AuditKeys.of("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n", List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("openwop.audit.signing-key")
        .hasMessageNotContaining("c2VjcmV0")
        .hasNoCause();
    assertThat(KEYS.toString()).isEqualTo("AuditKeys[" + KEYS.keyId() + "]");
  }

  private static List<String> hashes() {
    List<String> hashes = new ArrayList<>();
    for (int n = 1; n <= 12; n++) {
      Map<String, @Nullable Object> details =
          n == 5
              ? Json.members("note", "ünïcode ✓", "votes", List.of(1, 2))
              : Json.members("runId", "run-" + n);
      hashes.add(
          Hashes.sha256(
              CanonicalJson.text(
                  Json.members(
                      "occurredAt",
                      "2026-09-27T00:00:%02d.000Z".formatted(n),
                      "atSequence",
                      n,
                      "action",
                      n % 3 == 0 ? "interrupt.resolved" : "run.created",
                      "actor",
                      "key:vector-" + n % 2,
                      "target",
                      "run-" + n,
                      "details",
                      details,
                      "prevHash",
                      n == 1 ? null : hashes.get(n - 2)))));
    }
    return hashes;
  }

  private static Map<Integer, String> roots(List<String> hashes, int... ends) {
    Map<Integer, String> roots = new TreeMap<>();
    int begin = 0;
    for (int end : ends) {
      MerkleTree tree = new MerkleTree();
      hashes.subList(begin, end).forEach(tree::add);
      roots.put(end, tree.root());
      begin = end;
    }
    return roots;
  }

  private static String levelByLevel(List<String> leaves) {
    List<String> level = leaves;
    while (level.size() > 1) {
      List<String> above = new ArrayList<>();
      for (int i = 0; i < level.size(); i += 2) {
        above.add(
            i + 1 < level.size() ? Hashes.sha256(level.get(i) + level.get(i + 1)) : level.get(i));
      }
      level = above;
    }
    return level.get(0);
  }
}

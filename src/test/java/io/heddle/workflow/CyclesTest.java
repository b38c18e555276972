package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CyclesTest {

  private static final String REFUSAL = ", which is not executed by this host";

  private final WorkflowParser parser = new WorkflowParser(NodeTypes.all());

  @Test
  void aDiamondIsNoCycle() {
    Map<String, Object> diamond =
        Documents.graph(
            4,
            new int[] {0, 1},
            new int[] {0, 2},
            new int[] {1, 3},
            new int[] {2, 3},
            new int[] {0, 3});

    assertThat(parser.parse(diamond).incoming("n3")).hasSize(3);
  }

  @Test
  void everyEdgeThatLeadsBackIsReported() {
    Map<String, Object> document =
        Documents.graph(
            6,
            new int[] {0, 1},
            new int[] {1, 0},
            new int[] {2, 3},
            new int[] {3, 4},
            new int[] {4, 2},
            new int[] {5, 5});

    assertThat(faults(document))
        .containsExactly(
            new Fault("/edges/1", "closes the cycle n0 -> n1 -> n0" + REFUSAL),
            new Fault("/edges/4", "closes the cycle n2 -> n3 -> n4 -> n2" + REFUSAL),
            new Fault("/edges/5", "closes the cycle n5 -> n5" + REFUSAL));
  }

  @Test
  void onlyTheCycleIsNamedAndNotTheWayToIt() {
    Map<String, Object> document =
        Documents.graph(4, new int[] {0, 1}, new int[] {1, 2}, new int[] {2, 3}, new int[] {3, 2});

    assertThat(faults(document))
        .containsExactly(new Fault("/edges/3", "closes the cycle n2 -> n3 -> n2" + REFUSAL));
  }

  @Test
  void theLongestChainIsWalkedOnASmallStack() throws InterruptedException {
    int[][] ring = new int[1_000][];
    for (int i = 0; i < 1_000; i++) {
      ring[i] = new int[] {i, (i + 1) % 1_000};
    }
    int[][] chain = Arrays.copyOf(ring, 999);

    onASmallStack(
        () -> assertThat(parser.parse(Documents.graph(1_000, chain)).edges()).hasSize(999));
    onASmallStack(
        () ->
            assertThat(faults(Documents.graph(1_000, ring)))
                .containsExactly(
                    new Fault(
                        "/edges/999",
                        "closes the cycle n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> n8 -> n9"
                            + " -> 990 more -> n0"
                            + REFUSAL)));
  }

  @Test
  void longNodeIdsAreShortened() {
    String id = "n".repeat(100);
    Map<String, Object> document = Documents.graph(1, new int[] {0, 0});
    Documents.put(document, "/nodes/0/id", id);
    Documents.put(document, "/edges/0/sourceNodeId", id);
    Documents.put(document, "/edges/0/targetNodeId", id);

    String shortened = "n".repeat(63) + "…";
    assertThat(faults(document))
        .containsExactly(
            new Fault("/edges/0", "closes the cycle " + shortened + " -> " + shortened + REFUSAL));
  }

  private List<Fault> faults(Object document) {
    return catchThrowableOfType(InvalidWorkflowException.class, () -> parser.parse(document))
        .faults();
  }

  private static void onASmallStack(Runnable check) throws InterruptedException {
    Throwable[] failure = new Throwable[1];
    Thread thread = new Thread(null, check, "small-stack", 192 * 1024);
    thread.setUncaughtExceptionHandler((it, e) -> failure[0] = e);
    thread.start();
    thread.join();
    assertThat(failure[0]).isNull();
  }
}

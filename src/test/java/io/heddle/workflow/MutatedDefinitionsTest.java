package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Damages sound definitions at random: whatever comes, the parser answers in its own words. */
class MutatedDefinitionsTest {

  private static final int DOCUMENTS = 3_000;

  private final WorkflowParser parser = new WorkflowParser(NodeTypes.all());

  @Test
  void nothingButFaultsWithARealPlaceComesOfDamage() {
    Random random = new Random(20_260_131);
    int refused = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
      Object document = Json.parse(Json.write(Documents.full()));
      int mutations = 1 + random.nextInt(4);
      List<String> done = new ArrayList<>();
      for (int m = 0; m < mutations; m++) {
        done.add(Mutations.mutate(document, random));
      }
      try {
        parser.parse(document);
      } catch (InvalidWorkflowException refusal) {
        refused++;
        assertThat(refusal.faults()).isNotEmpty().hasSizeLessThanOrEqualTo(Faults.MOST_LISTED + 1);
        refusal
            .faults()
            .forEach(
                fault ->
                    Mutations.assertPlaceIsReal(document, fault.pointer(), fault.problem(), done));
        assertThat(refusal.faults()).doesNotHaveDuplicates();
        Json.write(refusal.getMessage());
      } catch (RuntimeException e) {
        fail("Document %d, changed at %s".formatted(i, done), e);
      }
    }
    assertThat(refused).isBetween(DOCUMENTS / 2, DOCUMENTS - 1);
  }

  @Test
  void damagedTextIsNeverMoreThanAFault() {
    Random random = new Random(7);
    byte[] sound = Json.bytes(Documents.full());
    for (int i = 0; i < 500; i++) {
      byte[] damaged = sound.clone();
      for (int m = 0; m <= random.nextInt(3); m++) {
        damaged[random.nextInt(damaged.length)] =
            (byte) ("{}[]\",:0x\\".charAt(random.nextInt(10)));
      }
      try {
        parser.parse(Json.parse(damaged));
      } catch (JsonFault | InvalidWorkflowException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }
}

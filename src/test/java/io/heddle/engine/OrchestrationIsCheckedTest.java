package io.heddle.engine;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.NoopNode;
import io.heddle.json.Json;
import io.heddle.spi.NodeExecutor;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.Fault;
import io.heddle.workflow.InvalidWorkflowException;
import io.heddle.workflow.WorkflowParser;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What orchestrators and their decisions may look like in a definition. */
class OrchestrationIsCheckedTest {

  private static final String SUPERVISOR = "core.orchestrator.supervisor";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'mockDecisions':{}} | /mockDecisions",
        "{'mockDecisions':['x']} | /mockDecisions/0",
        "{'mockDecisions':[{}]} | /mockDecisions/0/kind",
        "{'mockDecisions':[{'kind':'clarify'}]} | /mockDecisions/0/kind",
        "{'mockDecisions':[{'kind':'ask-user'}]} | /mockDecisions/0/prompt",
        "{'mockDecisions':[{'kind':'ask-user','prompt':''}]} | /mockDecisions/0/prompt",
        "{'mockDecisions':[{'kind':'ask-user','prompt':'a','confidence':1}]} | /mockDecisions/0/confidence",
        "{'mockDecisions':[{'kind':'next-worker'}]} | /mockDecisions/0/nextWorkerIds",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':[]}]} | /mockDecisions/0/nextWorkerIds",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['a',1]}]} | /mockDecisions/0/nextWorkerIds",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['']}]} | /mockDecisions/0/nextWorkerIds",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['a'],'nextWorkerInputs':[1]}]} | /mockDecisions/0/nextWorkerInputs",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['a'],'confidence':2}]} | /mockDecisions/0/confidence",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['a'],'reason':'b'}]} | /mockDecisions/0/reason",
        "{'mockDecisions':[{'kind':'terminate','nextWorkerIds':['a']}]} | /mockDecisions/0/nextWorkerIds",
        "{'mockDecisions':[{'kind':'terminate','reason':''}]} | /mockDecisions/0/reason",
        "{'mockDecisions':[{'kind':'terminate','successCriteria':[{'key':'a'}]}]} | /mockDecisions/0/successCriteria",
        "{'mockDecisions':[],'mockDispatchPlan':[]} | /mockDecisions",
        "{'mockPendingDecision':{'kind':'x'}} | /mockPendingDecision/kind",
        "{'mockConfidence':1.5} | /mockConfidence",
        "{'prompt':'think'} | /prompt",
      })
  void ofASupervisor(String config, String place) {
    assertThat(faults(alone(SUPERVISOR, config), true))
        .extracting(Fault::pointer)
        .containsExactly("/nodes/0/config" + place);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'mockDispatchPlan':[]}",
        "{'mockDecisions':[{'kind':'next-worker','nextWorkerIds':['a','a'],'confidence':0.5,"
            + "'nextWorkerInputs':[{'x':{'y':[1]}}]}]}",
        "{'mockDecisions':[{'kind':'ask-user','prompt':'Why?'}]}",
        "{'mockDecisions':[{'kind':'terminate','reason':'done','confidence':1,"
            + "'successCriteria':[{'key':'answered','met':true}]}]}",
        "{'mockConfidence':0.5,'mockPendingDecision':{'kind':'terminate'}}",
      })
  void whatASupervisorTakes(String config) {
    assertThat(faults(alone(SUPERVISOR, config), true)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mockDecisions", "mockDispatchPlan", "mockConfidence"})
  void onlyTestsTakeDecisionsInDefinitions(String member) {
    assertThat(faults(alone(SUPERVISOR, "{'%s':[]}".formatted(member)), false))
        .containsExactly(
            new Fault(
                "/nodes/0/config/" + member, "is for tests and not executed by this deployment"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'askUserRouting':'telepathy'} | /askUserRouting",
        "{'askUserRouting':1} | /askUserRouting",
        "{'workerDispatchModel':'same-run'} | /workerDispatchModel",
        "{'fanOutPolicy':null} | /fanOutPolicy",
        "{'iterationCap':1.5} | /iterationCap",
        "{'iterationCap':'1'} | /iterationCap",
        "{'inputMapping':'a'} | /inputMapping",
        "{'outputMapping':{'a':1}} | /outputMapping",
        "{'perWorkerOutputMappings':[]} | /perWorkerOutputMappings",
        "{'perWorkerOutputMappings':{'w':[]}} | /perWorkerOutputMappings/w",
        "{'maxConcurrency':2} | /maxConcurrency",
        "{'fanOutPolicy':'sequential','joinPolicy':{}} | /joinPolicy",
        "{'fanOutPolicy':'parallel','maxConcurrency':0} | /maxConcurrency",
        "{'fanOutPolicy':'parallel','joinPolicy':1} | /joinPolicy",
        "{'fanOutPolicy':'parallel','joinPolicy':{'mode':'any'}} | /joinPolicy/mode",
        "{'fanOutPolicy':'parallel','joinPolicy':{'mode':'quorum'}} | /joinPolicy/quorum",
        "{'fanOutPolicy':'parallel','joinPolicy':{'mode':'quorum','quorum':0}} | /joinPolicy/quorum",
        "{'fanOutPolicy':'parallel','joinPolicy':{'onChildFailure':'explode'}} | /joinPolicy/onChildFailure",
        "{'fanOutPolicy':'parallel','joinPolicy':{'extra':1}} | /joinPolicy/extra",
        "{'surprise':1} | /surprise",
      })
  void ofADispatch(String config, String place) {
    assertThat(faults(dispatch(config), true))
        .extracting(Fault::pointer)
        .containsExactly("/nodes/1/config" + place);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'askUserRouting':'conversation'}",
        "{'askUserRouting':'auto','workerDispatchModel':'child-run','fanOutPolicy':'reject','iterationCap':25}",
        "{'askUserRouting':'clarification','inputMapping':{},'perWorkerInputMappings':{'w':{'a':'b'}}}",
        "{'fanOutPolicy':'parallel','maxConcurrency':5,'joinPolicy':{'mode':'quorum','quorum':3,'onChildFailure':'fail-fast'}}",
      })
  void whatADispatchTakes(String config) {
    assertThat(faults(dispatch(config), true)).isEmpty();
  }

  @Test
  void aDispatchNeedsAnOrchestrator() {
    assertThat(faults(alone("core.dispatch", "{}"), true))
        .containsExactly(new Fault("/nodes/0/typeId", "needs a core.orchestrator.supervisor node"));
  }

  @ParameterizedTest
  @CsvSource({
    "core.orchestrator.supervisor, channel, /nodes/0/agent/channel",
    "core.orchestrator.supervisor, memoryRef, /nodes/0/agent/memoryRef",
    "core.noop, channel, /nodes/0/agent/channel",
  })
  void anAgentIsTakenOnlyAsFarAsItIsKnown(String typeId, String member, String place) {
    assertThat(
            faults(
                workflow("w")
                    .nodeWith(
                        "node",
                        typeId,
                        Map.of(),
                        Map.of("agent", Map.of("agentId", "acme.planner", member, "given"))),
                true))
        .containsExactly(new Fault(place, "is not executed by this host"));
  }

  private static WorkflowBuilder alone(String typeId, String config) {
    return workflow("w").node("node", typeId, config(config));
  }

  private static WorkflowBuilder dispatch(String config) {
    return workflow("w")
        .node("supervisor", SUPERVISOR)
        .node("dispatch", "core.dispatch", config(config));
  }

  private static Map<String, Object> config(String config) {
    return Json.parseObject(config.replace('\'', '"'));
  }

  private static List<Fault> faults(WorkflowBuilder workflow, boolean forTests) {
    Map<String, NodeExecutor> types = new TreeMap<>();
    for (NodeExecutor type :
        List.of(new NoopNode(), EngineNodes.supervisor(forTests), EngineNodes.dispatch())) {
      types.put(type.typeId(), type);
    }
    Object document = Json.parse(workflow.json());
    try {
      new WorkflowParser(types).parse(document);
      return List.of();
    } catch (InvalidWorkflowException e) {
      return e.faults();
    }
  }
}

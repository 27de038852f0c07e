"""What MLflow's pages ask by GraphQL."""

from hypothesis import strategies as st

from ..call import Call, maybe
from ..values import ABSENT, EXPERIMENT, RUN, one_of, rarely, ref

EXPERIMENT_FIELDS = "experimentId name artifactLocation lifecycleStage lastUpdateTime creationTime tags { key value }"
RUN_FIELDS = """
info { runId runUuid runName experimentId userId status startTime endTime artifactUri lifecycleStage }
data { metrics { key value timestamp step } params { key value } tags { key value } }
inputs { datasetInputs { tags { key value } dataset { name digest sourceType source schema profile } } modelInputs { modelId } }
outputs { modelOutputs { modelId step } }
"""
ERROR = "apiError { code message }"
# The fields at the root: what the arguments are called, and what is asked of the answer.
ROOTS = {
    "mlflowGetExperiment": (
        {"experimentId": EXPERIMENT},
        [f"experiment {{ {EXPERIMENT_FIELDS} }}", "experiment { name }", "experiment { nothing }"],
    ),
    "mlflowGetRun": (
        {"runId": RUN},
        [
            f"run {{ {RUN_FIELDS} }}",
            f"run {{ info {{ runId }} experiment {{ {EXPERIMENT_FIELDS} }} }}",
            "run { modelVersions { name version status source runId description aliases tags { key value } } }",
        ],
    ),
    "mlflowSearchRuns": (
        {
            "experimentIds": st.lists(ref("experiment", 2), min_size=1, max_size=2),
            "filter": maybe(one_of("", "metrics.m > 0", "params.p = '1'", "tags.t LIKE '%a%'", "status = 'RUNNING'", "x", "metrics.m >"), 5),
            "runViewType": maybe(one_of("ACTIVE_ONLY", "ALL", "DELETED_ONLY"), 4),
            "maxResults": maybe(one_of(1, 2, 100, 0, 50001), 5),
            "orderBy": maybe(one_of(["metrics.m DESC"], ["start_time"], ["x"], []), 4),
        },
        [f"runs {{ {RUN_FIELDS} }} nextPageToken", "runs { info { runId } }"],
    ),
    "mlflowSearchDatasets": (
        {"experimentIds": st.lists(ref("experiment", 2), max_size=2)},
        ["datasetSummaries { experimentId name digest context }"],
    ),
    "mlflowSearchModelVersions": (
        {
            "filter": one_of("name LIKE '%⟦own⟧%'", "name = '⟦own⟧ a'", "x"),
            "maxResults": maybe(one_of(1, 100), 5),
        },
        ["modelVersions { name version status source runId currentStage } nextPageToken"],
    ),
    "mlflowGetMetricHistoryBulkInterval": (
        {
            "runIds": st.lists(RUN, min_size=1, max_size=2),
            "metricKey": one_of("m", "loss"),
            "startStep": maybe(one_of(0, 1), 3),
            "endStep": maybe(one_of(3, 5), 3),
            "maxResults": maybe(one_of(2, 100), 5),
        },
        ["metrics { key value timestamp step runId }"],
    ),
    "mlflowListArtifacts": (
        {"runId": RUN, "path": maybe(one_of("", "dir", "a.txt", "../x"), 5)},
        ["rootUri files { path isDir fileSize } nextPageToken"],
    ),
}


@st.composite
def asked(draw):
    """One query, with its arguments as variables."""
    root = draw(st.sampled_from(sorted(ROOTS)))
    arguments, answers = ROOTS[root]
    given = {name: draw(strategy) for name, strategy in arguments.items()}
    given = {name: value for name, value in given.items() if value is not ABSENT}
    answer = draw(st.sampled_from(answers))
    kind = f"Mlflow{root.removeprefix('mlflow')}Input"
    operation = "mutation" if root == "mlflowSearchDatasets" else "query"
    query = f"{operation} Asked($data: {kind}!) {{ {root}(input: $data) {{ {answer} {ERROR} }} }}"
    body = draw(
        rarely(
            st.just({"query": query, "variables": {"data": given}, "operationName": "Asked"}),
            one_of(
                {"query": query},
                {"query": query, "variables": {"data": {}}},
                {"query": query, "variables": {"data": {**given, "unknown": 1}}},
                {"query": query, "variables": {"data": given}, "operationName": "Other"},
                {"query": "{"},
                {"query": "{ nothing }"},
                {"query": '{ test(inputString: "x") { output } }'},
                {"query": "{ a: test(inputString: \"x\") { output } b: test(inputString: \"y\") { output __typename } }"},
                {"query": "{ __typename }"},
                {},
                {"query": 5},
            ),
            12,
        )
    )  # fmt: skip
    return Call("POST", "/graphql", body=body)


GRAPHQL = [asked()]

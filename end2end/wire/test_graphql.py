"""What MLflow's pages ask for by GraphQL, and notebooks with them."""

import math

import mlflow
import pytest
import requests
from mlflow.entities import Dataset, DatasetInput, InputTag

from runmark import check_refusal

RUN = """
query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
  mlflowGetRun(input: $data) {
    apiError { helpUrl code message }
    run { ...Everything }
  }
}
fragment Everything on MlflowRunExtension {
  info { runId runUuid runName experimentId status startTime endTime lifecycleStage artifactUri userId }
  data { metrics { key value step timestamp } params { key value } tags { key value } }
  inputs { datasetInputs { dataset { name digest } tags { key value } } modelInputs { modelId } }
  outputs { modelOutputs { modelId step } }
  experiment { experimentId name artifactLocation creationTime tags { key value } }
  modelVersions { name version status source creationTimestamp aliases tags { key value } }
}
"""


def send(server, query, account=None, variables=None):
    body = {"query": query, "variables": variables}
    headers = (account or server.admin).headers
    return requests.post(f"{server.url}/graphql", json=body, headers=headers, timeout=60)


def ask(server, query, account=None, variables=None):
    """What is answered to a query that makes sense: its data, and its errors."""
    response = send(server, query, account, variables)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer) == {"data", "errors"}
    return answer["data"], answer["errors"]


@pytest.fixture
def run(client, experiment):
    run = client.create_run(experiment, run_name="first").info
    client.log_metric(run.run_id, "loss", 0.5, step=9_007_199_254_740_993, timestamp=7)
    client.log_metric(run.run_id, "gone", math.nan, step=1, timestamp=7)
    client.log_metric(run.run_id, "high", math.inf, step=1, timestamp=7)
    client.log_param(run.run_id, "lr", "0.1")
    client.log_text(run.run_id, "hello", "notes.txt")
    return run


def test_a_run_is_told_as_the_protocol_tells_it(server, client, run, experiment):
    client.create_registered_model(f"model of {run.run_id}")
    client.create_model_version(f"model of {run.run_id}", f"{run.artifact_uri}/model", run_id=run.run_id)
    data, errors = ask(server, RUN, variables={"data": {"runId": run.run_id}})
    assert errors is None
    assert data["mlflowGetRun"]["apiError"] is None
    found = data["mlflowGetRun"]["run"]
    info = found["info"]
    assert (info["runId"], info["runUuid"], info["runName"]) == (run.run_id, run.run_id, "first")
    assert (info["status"], info["lifecycleStage"], info["endTime"]) == ("RUNNING", "active", None)
    assert info["startTime"] == str(run.start_time), "64-bit numbers are texts"
    metrics = {metric["key"]: metric for metric in found["data"]["metrics"]}
    assert metrics["loss"] == {"key": "loss", "value": 0.5, "step": "9007199254740993", "timestamp": "7"}
    assert metrics["gone"]["value"] is None
    assert metrics["high"]["value"] == pytest.approx(1.7976931348623157e308)
    assert found["data"]["params"] == [{"key": "lr", "value": "0.1"}]
    assert found["inputs"] == {"datasetInputs": [], "modelInputs": []}
    assert found["experiment"]["experimentId"] == experiment
    [version] = found["modelVersions"]
    assert (version["name"], version["version"], version["status"]) == (f"model of {run.run_id}", "1", "READY")


def test_experiments_files_histories_and_searches(server, client, run, experiment):
    query = """
    query ($experiment: String, $run: String, $filter: String) {
      mlflowGetExperiment(input: { experimentId: $experiment }) { experiment { name lifecycleStage } }
      mlflowListArtifacts(input: { runId: $run }) { rootUri files { path isDir fileSize } }
      mlflowGetMetricHistoryBulkInterval(input: { runIds: [$run], metricKey: "loss", maxResults: 10 }) {
        metrics { runId key value step }
      }
      mlflowSearchRuns(input: { experimentIds: [$experiment], filter: $filter, runViewType: ACTIVE_ONLY, maxResults: 5 }) {
        nextPageToken runs { info { runId } experiment { name } modelVersions { version } }
      }
      none: mlflowSearchRuns(input: { experimentIds: [$experiment], runViewType: DELETED_ONLY }) { runs { info { runId } } }
      mlflowSearchModelVersions(input: { filter: "name = 'none'", maxResults: 5 }) { modelVersions { version } }
    }
    """
    others = [client.create_run(experiment).info.run_id for _ in range(3)]
    asked = {"experiment": experiment, "run": run.run_id, "filter": "metrics.loss < 1"}
    data, errors = ask(server, query, variables=asked)
    assert errors is None
    name = client.get_experiment(experiment).name
    assert data["mlflowGetExperiment"]["experiment"] == {"name": name, "lifecycleStage": "active"}
    assert data["mlflowListArtifacts"]["rootUri"] == run.artifact_uri
    assert data["mlflowListArtifacts"]["files"] == [{"path": "notes.txt", "isDir": False, "fileSize": "5"}]
    history = data["mlflowGetMetricHistoryBulkInterval"]["metrics"]
    assert history == [{"runId": run.run_id, "key": "loss", "value": 0.5, "step": "9007199254740993"}]
    [found] = data["mlflowSearchRuns"]["runs"]
    assert found == {"info": {"runId": run.run_id}, "experiment": {"name": name}, "modelVersions": []}
    assert data["mlflowSearchRuns"]["nextPageToken"] is None
    assert data["none"] == {"runs": []} and data["mlflowSearchModelVersions"] == {"modelVersions": []}

    # As a mutation, which MLflow's pages send, and page by page.
    search = """mutation ($experiment: String, $token: String) {
      mlflowSearchRuns(input: { experimentIds: [$experiment], maxResults: 3, pageToken: $token }) { nextPageToken runs { info { runId } } }
    }"""
    seen, token = [], None
    for _ in range(2):
        data, errors = ask(server, search, variables={"experiment": experiment, "token": token})
        assert errors is None
        token = data["mlflowSearchRuns"]["nextPageToken"]
        seen += [found["info"]["runId"] for found in data["mlflowSearchRuns"]["runs"]]
    assert sorted(seen) == sorted([run.run_id, *others]) and token is None


def test_datasets_are_found(server, client, run, experiment):
    client.log_inputs(run.run_id, [DatasetInput(Dataset("rows", "d1", "local", "{}"), [InputTag("mlflow.data.context", "train")])])
    query = """mutation Search($ids: [String]) { mlflowSearchDatasets(input: { experimentIds: $ids }) {
        datasetSummaries { experimentId name digest context } apiError { message }
    } }"""
    expected = [{"experimentId": experiment, "name": "rows", "digest": "d1", "context": "train"}]
    data, errors = ask(server, query, variables={"ids": [experiment]})
    assert (data, errors) == ({"mlflowSearchDatasets": {"datasetSummaries": expected, "apiError": None}}, None)
    data, errors = ask(server, query, variables={"ids": []})
    assert data == {"mlflowSearchDatasets": None} and "at least one experiment_id" in errors[0]
    mallory = server.add(f"mallory-datasets-{run.run_id[:8]}")
    server.grant(mallory, experiment, "NO_PERMISSIONS")
    data, errors = ask(server, query, mallory, {"ids": [experiment]})
    assert (data, errors) == ({"mlflowSearchDatasets": {"datasetSummaries": [], "apiError": None}}, None)


def test_what_one_may_not_see_is_not_there(server, run, experiment):
    mallory = server.add(f"mallory-{run.run_id[:8]}")
    server.grant(mallory, experiment, "NO_PERMISSIONS")
    data, errors = ask(server, RUN, mallory, {"data": {"runId": run.run_id}})
    assert data == {"mlflowGetRun": None} and errors == [f"Run with id={run.run_id} not found"]
    search = f'{{ mlflowSearchRuns(input: {{ experimentIds: ["{experiment}"] }}) {{ runs {{ info {{ runId }} }} }} }}'
    data, errors = ask(server, search, mallory)
    assert (data, errors) == ({"mlflowSearchRuns": {"runs": []}}, None)
    check_refusal(requests.post(f"{server.url}/graphql", json={"query": search}, timeout=30), 401, "UNAUTHENTICATED")


def test_queries_have_limits(server, experiment):
    many = "".join(f'k{at}: test(inputString: "{at}") {{ output }} ' for at in range(11))
    data, errors = ask(server, f"{{ {many} }}")
    assert sorted(value is None for value in data.values()) == [False] * 10 + [True]
    assert errors == ["GraphQL queries should have at most 10 root fields."]
    deep = "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } }"
    assert ask(server, deep)[1]
    check_refusal(send(server, "{ a " * 1000), 400, "INVALID_PARAMETER_VALUE", "brackets")
    check_refusal(send(server, "#" * 100_000), 400, "INVALID_PARAMETER_VALUE", "bytes")
    # A few fragments that spread each other twice are a thousand million fields.
    fragments = "".join(f"fragment f{at} on Query {{ ...f{at + 1} ...f{at + 1} }} " for at in range(28))
    bomb = f"{{ ...f0 }} {fragments} fragment f28 on Query {{ __typename }}"
    check_refusal(send(server, bomb), 400, "INVALID_PARAMETER_VALUE", "selections")
    endless = "{ ...f } fragment f on Query { ...f }"
    check_refusal(send(server, endless), 400, "INVALID_PARAMETER_VALUE", "selections")
    for nonsense in ["", "{", "{ nothing }", "{ mlflowGetRun { run { nothing } } }", "subscription { a }"]:
        data, errors = ask(server, nonsense)
        assert data is None and errors, nonsense
    data, errors = ask(server, "{ mlflowGetRun { run { info { runId } } } }")
    assert data == {"mlflowGetRun": None} and "run_id" in errors[0]
    for body in [b"", b"[]", b"{}", b"\xff"]:
        headers = server.admin.headers | {"Content-Type": "application/json"}
        check_refusal(requests.post(f"{server.url}/graphql", data=body, headers=headers, timeout=30), 400, "INVALID_PARAMETER_VALUE")


TYPES = """
{ __schema { types {
  name kind enumValues { name }
  inputFields { name type { ...Named } }
  fields { name args { name type { ...Named } } type { ...Named } }
} } }
fragment Named on __Type { kind name ofType { kind name ofType { kind name } } }
"""


def named(one) -> str:
    if one["kind"] == "NON_NULL":
        return f"{named(one['ofType'])}!"
    return f"[{named(one['ofType'])}]" if one["kind"] == "LIST" else one["name"]


def told(schema) -> dict:
    """What a schema says of MLflow's types."""
    return {
        one["name"]: (
            one["kind"],
            {word["name"] for word in one["enumValues"] or []},
            {part["name"]: named(part["type"]) for part in one["inputFields"] or []},
            {
                part["name"]: (named(part["type"]), {argument["name"]: named(argument["type"]) for argument in part["args"]})
                for part in one["fields"] or []
            },
        )
        for one in schema["__schema"]["types"]
        if not one["name"].startswith("__") and one["name"] not in {"Boolean", "Float", "ID", "Int", "String"}
    }


def test_the_schema_is_mlflows(server):
    from mlflow.server.graphql.graphql_schema_extensions import schema

    ours, errors = ask(server, TYPES)
    assert errors is None
    assert told(ours) == told(schema.execute(TYPES).data), mlflow.__version__

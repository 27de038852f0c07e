"""The protocol as the clients for R and Java speak it, which pass through other hands than Python's.

Neither is installed; what they send was read from their sources.
"""

import json
import math
import time
import uuid

import pytest
import requests

from runmark import check_refusal


class Client:
    """What both do alike: name and password or a token, a base path, anything but 200 is an error."""

    agent = ""

    def __init__(self, server, **credential):
        self.server, self.credential = server, credential

    def ask(self, method, path, expect=200, **request):
        headers = {"User-Agent": self.agent} | self.credential.get("headers", {}) | request.pop("headers", {})
        address, auth = f"{self.server.url}/api/2.0/mlflow/{path}", self.credential.get("auth")
        answer = requests.request(method, address, headers=headers, auth=auth, timeout=30, **request)
        assert answer.status_code == expect, answer.text
        return answer.json()


def worded(value):
    """As R's client rewrites a body: every scalar is a string, an absent one is left out."""
    if isinstance(value, dict):
        return {key: worded(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [worded(inner) for inner in value]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN" if math.isnan(value) else f"{value:.15g}")
    return str(value)


class OfR(Client):
    agent = "mlflow-r-client/3.17.2"

    def post(self, path, **body):
        return self.ask("POST", path, json=worded(body))

    def get(self, path, **query):
        return self.ask("GET", path, params=worded(query))


def printed(value):
    """As protobuf for Java writes a message: int64 are strings, and so are numbers that are none."""
    if isinstance(value, dict):
        return {key: printed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [printed(inner) for inner in value]
    if isinstance(value, bool) or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else worded(value) if not math.isfinite(value) else value


class OfJava(Client):
    agent = "mlflow-java-client/3.17.2"

    def send(self, method, path, body):
        # It escapes what has a meaning in HTML, too.
        text = json.dumps(printed(body), indent=2, ensure_ascii=False).replace("=", "\\u003d").replace("<", "\\u003c")
        return self.ask(method, path, data=text.encode(), headers={"Content-Type": "application/json"})

    def post(self, path, **body):
        return self.send("POST", path, body)

    def patch(self, path, **body):
        return self.send("PATCH", path, body)

    def get(self, path, **query):
        return self.ask("GET", path, params=query)


@pytest.fixture(params=["name and password", "token"])
def credential(lise, request):
    return {"headers": lise.headers} if request.param == "token" else {"auth": (lise.name, lise.password)}


@pytest.fixture
def name():
    return f"Ünits {uuid.uuid4().hex[:8]}"


def test_r(server, credential, name):
    r = OfR(server, **credential)
    made = r.post("experiments/create", name=name, artifact_location=None, tags=[{"key": "lang", "value": "R"}])
    experiment = made["experiment_id"]
    assert r.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"] == experiment
    assert r.get("experiments/get", experiment_id=experiment)["experiment"]["name"] == name
    r.post("experiments/set-experiment-tag", experiment_id=experiment, key="seen", value=True)
    now = int(time.time() * 1000)
    run = r.post(
        "runs/create",
        experiment_id=experiment,
        user_id="lise",
        run_name=None,
        start_time=now,
        tags=[{"key": "mlflow.source.name", "value": "train.R"}, {"key": "mlflow.source.type", "value": "LOCAL"}],
    )["run"]["info"]
    ids = {"run_uuid": run["run_id"], "run_id": run["run_id"]}
    r.post("runs/log-parameter", **ids, key="alpha", value=0.5)
    r.post("runs/log-metric", **ids, key="rmse", value=0.125, timestamp=now, step=0)
    r.post("runs/log-metric", **ids, key="rmse", value=math.nan, timestamp=now + 1, step=1)
    r.post(
        "runs/log-batch",
        run_id=run["run_id"],
        metrics=[{"key": key, "value": value, "timestamp": now, "step": 2} for key, value in [("mae", 1e-12), ("r2", math.inf)]],
        params=[{"key": "lambda", "value": 3}],
        tags=[{"key": "done", "value": True}],
    )
    # R writes 100000 like this.
    r.post("runs/log-metric", **ids, key="late", value="1e+05", timestamp=now, step="1e+05")
    r.post("runs/set-tag", **ids, key="stage", value="draft")
    r.post("runs/delete-tag", run_id=run["run_id"], key="stage")
    r.post("runs/update", **ids, status="FINISHED", end_time=now + 5_000)
    got = r.get("runs/get", **ids)["run"]
    assert (got["info"]["status"], got["info"]["start_time"], got["info"]["end_time"]) == ("FINISHED", now, now + 5_000)
    assert got["info"]["run_uuid"] == run["run_id"], "it reads the old name"
    metrics = {metric["key"]: (metric["value"], metric["step"]) for metric in got["data"]["metrics"]}
    assert metrics == {"rmse": ("NaN", 1), "mae": (1e-12, 2), "r2": ("Infinity", 2), "late": (100_000.0, 100_000)}
    assert {param["key"]: param["value"] for param in got["data"]["params"]} == {"alpha": "0.5", "lambda": "3"}
    assert {"done": "TRUE"}.items() <= {tag["key"]: tag["value"] for tag in got["data"]["tags"]}.items()
    history = r.get("metrics/get-history", **ids, metric_key="rmse", max_results=100)["metrics"]
    assert [(point["value"], point["step"], point["timestamp"]) for point in history] == [(0.125, 0, now), ("NaN", 1, now + 1)]
    found = r.post(
        "runs/search",
        experiment_ids=[experiment],
        filter="params.alpha = '0.5'",
        run_view_type="ACTIVE_ONLY",
        max_results=10,
        order_by=["attributes.start_time DESC"],
    )
    assert [one["info"]["run_id"] for one in found["runs"]] == [run["run_id"]]
    listed = r.post("experiments/search", filter=f"name = '{name}'", max_results=5, view_type="ALL")
    assert [one["name"] for one in listed["experiments"]] == [name]
    r.post("runs/delete", run_id=run["run_id"])
    r.post("runs/restore", run_id=run["run_id"])
    r.post("experiments/update", experiment_id=experiment, new_name=f"{name} 2")

    # The registry: numbers of versions are strings, too, and so are flags, which MLflow's own server refuses.
    r.post("registered-models/create", name=name, tags=None, description="of R")
    for attempt in ["1", "2"]:
        version = r.post("model-versions/create", name=name, source=f"{run['artifact_uri']}/model", run_id=run["run_id"])
        assert version["model_version"]["version"] == attempt
    r.post("model-versions/transition-stage", name=name, version=1, stage="Production", archive_existing_versions=False)
    moved = r.post("model-versions/transition-stage", name=name, version=2, stage="Production", archive_existing_versions=True)
    assert moved["model_version"]["current_stage"] == "Production"
    latest = r.get("registered-models/get-latest-versions", name=name, stages=["Production"])
    assert [one["version"] for one in latest["model_versions"]] == ["2"]
    r.ask("PATCH", "model-versions/update", json=worded({"name": name, "version": 2, "description": "better"}))
    assert r.get("model-versions/get", name=name, version=2)["model_version"]["description"] == "better"
    r.ask("DELETE", "model-versions/delete", json=worded({"name": name, "version": 1}))
    r.ask("DELETE", "registered-models/delete", json=worded({"name": name}))
    r.post("experiments/delete", experiment_id=experiment)


def test_java(server, credential, name):
    java = OfJava(server, **credential)
    experiment = java.post("experiments/create", name=name)["experiment_id"]
    begun = 1_700_000_000_000
    run = java.post("runs/create", experiment_id=experiment, user_id="lise", start_time=begun)["run"]["info"]
    ids = {"run_uuid": run["run_id"], "run_id": run["run_id"]}
    java.post("runs/log-metric", **ids, key="loss", value=0.25, timestamp=begun + 1, step=3)
    java.post("runs/log-metric", **ids, key="nan", value=math.nan, timestamp=1, step=-1)
    far = 9_007_199_254_740_993
    java.post(
        "runs/log-batch",
        run_id=run["run_id"],
        metrics=[
            {"key": "loss", "value": 1e-4, "timestamp": begun + 2, "step": 4},
            {"key": "low", "value": -math.inf, "timestamp": begun + 2, "step": far},
        ],
        params=[{"key": "größe", "value": "a=b <🚀>"}],
        tags=[{"key": "mlflow.source.name", "value": "Main.java"}],
    )
    java.post("runs/log-parameter", **ids, key="empty", value="")
    java.post("runs/update", **ids, status="FINISHED", end_time=begun + 9_000)
    got = java.get("runs/get", **ids)["run"]
    assert (got["info"]["status"], got["info"]["end_time"]) == ("FINISHED", begun + 9_000)
    metrics = {metric["key"]: (metric["value"], metric["step"]) for metric in got["data"]["metrics"]}
    assert metrics == {"loss": (1e-4, 4), "nan": ("NaN", -1), "low": ("-Infinity", far)}
    assert {param["key"]: param["value"] for param in got["data"]["params"]} == {"größe": "a=b <🚀>", "empty": ""}
    page = java.post("runs/search", experiment_ids=[experiment], filter="", run_view_type="ACTIVE_ONLY", max_results=1000)
    assert [one["info"]["run_id"] for one in page["runs"]] == [run["run_id"]]
    assert len(java.get("metrics/get-history", **ids, metric_key="loss")["metrics"]) == 2
    assert java.get("artifacts/list", **ids) == {"root_uri": run["artifact_uri"]}

    java.post("registered-models/create", name=name)
    made = java.post("model-versions/create", name=name, run_id=run["run_id"], source=f"{run['artifact_uri']}/model")
    assert made["model_version"]["version"] == "1"
    java.post("model-versions/transition-stage", name=name, version="1", stage="Staging", archive_existing_versions=True)
    latest = java.get("registered-models/get-latest-versions", name=name, stages=["Staging", "Production"])
    assert [one["version"] for one in latest["model_versions"]] == ["1"]
    where = java.get("model-versions/get-download-uri", name=name, version="1")["artifact_uri"]
    assert where.endswith("/artifacts/model")
    java.patch("model-versions/update", name=name, version="1", description="from Java")
    found = java.get("model-versions/search", filter=f"name='{name}'")
    assert [one["description"] for one in found["model_versions"]] == ["from Java"]
    java.post("experiments/delete", experiment_id=experiment)


def test_a_refusal_is_one_that_they_can_read(server, lise):
    for agent in [OfR.agent, OfJava.agent]:
        refused = requests.post(
            f"{server.url}/api/2.0/mlflow/runs/update",
            headers=lise.headers | {"User-Agent": agent},
            json={"run_id": "0" * 32, "status": "FINISHED", "end_time": "1"},
            timeout=30,
        )
        check_refusal(refused, 404, "RESOURCE_DOES_NOT_EXIST")
        unknown = requests.get(f"{server.url}/api/2.0/mlflow/runs/get?run_id=x", auth=(lise.name, "wrong"), timeout=30)
        check_refusal(unknown, 401, "UNAUTHENTICATED")

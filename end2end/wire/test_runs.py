"""Experiments and runs: params, tags, nesting, deletion, search."""

import json
import uuid
from contextlib import contextmanager

import mlflow
import pandas
import pytest
import requests
from mlflow.entities import Dataset, DatasetInput, InputTag, Param, ViewType
from mlflow.exceptions import MlflowException, RestException
from runmark import check_refusal


@contextmanager
def refused(code: str, match: str = ""):
    """A refusal that the client raises with this code."""
    with pytest.raises(RestException, match=match or None) as caught:
        yield
    assert caught.value.error_code == code


def test_params_never_change(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_params({"lr": 0.1, "empty": "", "long": "x" * 6000} | {f"p{number}": number for number in range(150)})
        mlflow.log_param("lr", 0.1)
        with pytest.raises(MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("lr", 0.2)
        with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
            client.log_batch(run.info.run_id, params=[Param("lr", "0.3")])
    params = client.get_run(run.info.run_id).data.params
    assert (params["lr"], params["empty"], params["long"], len(params)) == ("0.1", "", "x" * 6000, 153)


def test_tags_are_set_again_and_taken_off(client, experiment):
    with mlflow.start_run() as run:
        mlflow.set_tags({"stage": "draft", "team": "churn", "mlflow.note.content": "# Notes\n\nfirst"})
        mlflow.set_tag("stage", "final")
        mlflow.delete_tag("team")
    tags = client.get_run(run.info.run_id).data.tags
    assert (tags["stage"], "team" in tags, tags["mlflow.note.content"]) == ("final", False, "# Notes\n\nfirst")
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: team"):
        client.delete_tag(run.info.run_id, "team")


def test_a_run_begins_with_tags_of_any_key(server, client, experiment):
    odd = {"a//b": "1", "what?": "2", "../up": "3"}
    tags = [{"key": key, "value": value} for key, value in odd.items()]
    run = server.post("/runs/create", {"experiment_id": experiment, "tags": tags})["run"]["info"]["run_id"]
    assert client.get_run(run).data.tags.items() >= odd.items()
    long = {"experiment_id": experiment, "tags": [{"key": "x" * 251, "value": "1"}]}
    check_refusal(server.api("POST", "/mlflow/runs/create", json=long), 400, "INVALID_PARAMETER_VALUE")
    later = {"run_id": run, "key": "what?", "value": "4"}
    check_refusal(server.api("POST", "/mlflow/runs/set-tag", json=later), 400, "INVALID_PARAMETER_VALUE")


def test_models_of_clients_before_mlflow_3_are_noted(server, client, experiment):
    run = client.create_run(experiment).info.run_id
    noted = {
        "artifact_path": "model",
        "run_id": run,
        "utc_time_created": "2024-05-01 10:00:00.000000",
        "model_uuid": uuid.uuid4().hex,
        "flavors": {"sklearn": {"pickled_model": "model.pkl"}},
    }
    sent = noted | {"mlflow_version": "2.12.1", "flavors": {"sklearn": noted["flavors"]["sklearn"] | {"config": {"a": 1}}}}
    for path in ["first", "second"]:
        body = {"run_id": run, "model_json": json.dumps(sent | {"artifact_path": path})}
        assert server.post("/runs/log-model", body) == {}
    history = json.loads(client.get_run(run).data.tags["mlflow.log-model.history"])
    assert history == [noted | {"artifact_path": "first"}, noted | {"artifact_path": "second"}]
    for described, words in [
        (None, "model_json"),
        ("{", "Malformed model info. \n { \n is not a valid JSON."),
        (json.dumps({"flavors": {}, "run_id": run}), "missing mandatory fields: {'artifact_path', 'utc_time_created'}"),
    ]:
        body = {"run_id": run, "model_json": described}
        refusal = server.api("POST", "/mlflow/runs/log-model", json=body)
        check_refusal(refusal, 400, "INVALID_PARAMETER_VALUE", words)


def test_nested_runs(client, experiment):
    with mlflow.start_run(run_name="sweep") as parent:
        children = []
        for number in range(3):
            with mlflow.start_run(run_name=f"trial {number}", nested=True) as child:
                children.append(child.info.run_id)
    found = mlflow.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert set(found["run_id"]) == set(children)


def test_a_run_that_fails_says_so(client, experiment):
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run() as run:
            1 / 0
    info = client.get_run(run.info.run_id).info
    assert (info.status, info.end_time >= info.start_time) == ("FAILED", True)


def test_a_run_goes_on_later(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 2, step=0)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("loss", 1, step=1)
    stored = client.get_run(run.info.run_id)
    assert (stored.info.status, stored.data.metrics) == ("FINISHED", {"loss": 1.0})


def test_datasets(client, experiment):
    frame = pandas.DataFrame({"age": [1, 2], "churned": [True, False]})
    dataset = mlflow.data.from_pandas(frame, name="customers", targets="churned")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
    (stored,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (stored.dataset.name, stored.dataset.digest) == ("customers", dataset.digest)
    assert [(tag.key, tag.value) for tag in stored.tags] == [("mlflow.data.context", "training")]
    found = mlflow.search_runs([experiment], "datasets.name = 'customers' AND datasets.context = 'training'")
    assert list(found["run_id"]) == [run.info.run_id]


def test_datasets_are_found(server, client, experiment):
    other = client.create_experiment(f"datasets {uuid.uuid4().hex[:8]}")
    for place, context in [(experiment, "training"), (experiment, "training"), (experiment, None), (other, "test")]:
        run = client.create_run(place).info.run_id
        tags = [InputTag("mlflow.data.context", context)] if context else []
        client.log_inputs(run, [DatasetInput(Dataset("customers", "d1", "local", "{}"), tags)])

    def search(ids, account=None, prefix="/ajax-api"):
        headers = (account or server.admin).headers
        url = f"{server.url}{prefix}/2.0/mlflow/experiments/search-datasets"
        return requests.post(url, json={"experiment_ids": ids}, headers=headers, timeout=30)

    customers = {"experiment_id": experiment, "name": "customers", "digest": "d1"}
    here = [customers, {**customers, "context": "training"}]
    assert search([experiment]).json() == {"dataset_summaries": here}
    there = [{**customers, "experiment_id": other, "context": "test"}]
    assert search([other, experiment, "999999"]).json() == {"dataset_summaries": here + there}
    eve = server.add(f"eve-{uuid.uuid4().hex[:8]}")
    server.grant(eve, other, "NO_PERMISSIONS")
    assert search([other, experiment], eve).json() == {"dataset_summaries": here}
    assert search([other], eve).json() == {}
    check_refusal(search([]), 400, "INVALID_PARAMETER_VALUE", "at least one experiment_id")
    check_refusal(search([experiment] * 21), 400, "INVALID_PARAMETER_VALUE", "more than 20 experiment_ids")
    check_refusal(search([experiment], prefix="/api"), 404, "ENDPOINT_NOT_FOUND")


def test_runs_are_deleted_and_restored(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1)
    run_id = run.info.run_id
    client.delete_run(run_id)
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.log_metric(run_id, "loss", 2)

    def listed(view):
        return [run.info.run_id for run in client.search_runs([experiment], run_view_type=view)]

    views = [ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL]
    assert [listed(view) for view in views] == [[], [run_id], [run_id]]
    client.restore_run(run_id)
    assert [listed(view) for view in views] == [[run_id], [], [run_id]]
    assert client.get_run(run_id).data.metrics == {"loss": 1.0}


def test_experiments_are_deleted_and_restored(client, experiment):
    with mlflow.start_run() as run:
        pass
    name = client.get_experiment(experiment).name
    client.delete_experiment(experiment)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="deleted experiment"):
        mlflow.set_experiment(name)
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_experiment(name)
    client.restore_experiment(experiment)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_experiments_are_found(client):
    mark = uuid.uuid4().hex[:8]
    ids = {
        name: client.create_experiment(f"{name} {mark}", tags={"team": team, "mark": mark})
        for name, team in [("Alpha", "vision"), ("beta", "speech"), ("Gamma", "vision")]
    }

    def found(filter_string, order_by=("name",)):
        experiments = mlflow.search_experiments(filter_string=filter_string, order_by=list(order_by))
        return [experiment.name.split()[0] for experiment in experiments]

    assert found(f"tags.mark = '{mark}' AND tags.team = 'vision'") == ["Alpha", "Gamma"]
    assert found(f"name ILIKE 'BETA %' AND tags.mark = '{mark}'") == ["beta"]
    assert found(f"tags.mark = '{mark}'", ["creation_time DESC", "name ASC"])[0] == "Gamma"
    client.rename_experiment(ids["beta"], f"delta {mark}")
    client.set_experiment_tag(ids["beta"], "team", "music")
    assert found(f"tags.team = 'music' AND tags.mark = '{mark}'") == ["delta"]
    pages, token = [], None
    while token is None or token:
        page = client.search_experiments(filter_string=f"tags.mark = '{mark}'", max_results=2, page_token=token)
        pages.append(len(page))
        token = page.token or ""
    assert pages == [2, 1]


RUNS = {
    "one": ({"loss": 0.5, "val/acc": 0.7}, {"model": "cnn"}, {"team": "vision"}),
    "two": ({"loss": 0.25, "val/acc": 0.9}, {"model": "rnn"}, {"team": "Speech"}),
    "three": ({"loss": float("nan")}, {"model": "cnn", "only": "here"}, {}),
    "four": ({}, {}, {"team": "it's"}),
}

FILTERS = {
    "metrics.loss < 0.5": {"two"},
    "metrics.loss <= 0.5 and params.model = 'cnn'": {"one"},
    "metrics.loss != 0.25": {"one", "three"},
    "metrics.`val/acc` > 0.5 AND metric.loss >= 0.25": {"one", "two"},
    'metrics."val/acc" > 0.8': {"two"},
    "params.model LIKE 'c%'": {"one", "three"},
    "params.model ILIKE 'R_N'": {"two"},
    "params.model LIKE 'R_N'": set(),
    "tags.team != 'vision'": {"two", "four"},
    "tags.team ILIKE 'speech'": {"two"},
    'tags.team = "it\'s"': {"four"},
    "params.only IS NULL": {"one", "two", "four"},
    "params.only IS NOT NULL": {"three"},
    "attributes.run_name = 'two'": {"two"},
    "run_name LIKE 't%'": {"two", "three"},
    "tags.mlflow.runName = 'one'": {"one"},
    "status = 'FINISHED'": {"one", "two", "three"},
    "attributes.status != 'FINISHED'": {"four"},
    "start_time > 0 AND user_id != ''": {"one", "two", "three", "four"},
    "": {"one", "two", "three", "four"},
}

ORDERS = {
    "metrics.loss": ["two", "one", "three", "four"],
    "metrics.loss DESC": ["one", "two", "three", "four"],
    "params.model ASC": ["three", "one", "two", "four"],
    "attributes.run_name DESC": ["two", "three", "one", "four"],
    "start_time": ["one", "two", "three", "four"],
    "metrics.`val/acc` DESC": ["two", "one", "four", "three"],
}


@pytest.fixture(scope="module")
def searched(server):
    """Four runs, made one second after the other as far as the server knows."""
    experiment = server.post("/experiments/create", {"name": f"searched {uuid.uuid4()}"})["experiment_id"]
    for second, (name, (metrics, params, tags)) in enumerate(RUNS.items()):
        new = {"experiment_id": experiment, "run_name": name, "user_id": "ann", "start_time": 1000 * (second + 1)}
        run = server.post("/runs/create", new | {"tags": [{"key": k, "value": v} for k, v in tags.items()]})["run"]
        run_id = run["info"]["run_id"]
        batch = {
            "run_id": run_id,
            "metrics": [
                {"key": k, "value": v if v == v else "NaN", "timestamp": 1, "step": 0} for k, v in metrics.items()
            ],
            "params": [{"key": k, "value": v} for k, v in params.items()],
        }
        server.post("/runs/log-batch", batch)
        if name != "four":
            server.post("/runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 9000})
    return experiment


@pytest.mark.parametrize("filter_string", FILTERS)
def test_filters(client, searched, filter_string):
    found = client.search_runs([searched], filter_string)
    assert {run.info.run_name for run in found} == FILTERS[filter_string]


@pytest.mark.parametrize("order", ORDERS)
def test_orders(client, searched, order):
    found = client.search_runs([searched], order_by=[order])
    assert [run.info.run_name for run in found] == ORDERS[order]


@pytest.mark.parametrize(
    "filter_string",
    ["metrics.loss < 'x'", "params.model = cnn", "loss < 1", "metrics.loss == 1", "a = 'b' OR c = 'd'", "metrics.loss <"],
)
def test_filters_that_say_nothing(client, searched, filter_string):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_runs([searched], filter_string)


def test_pages_of_runs(client, searched):
    first = client.search_runs([searched], max_results=3, order_by=["start_time"])
    rest = client.search_runs([searched], max_results=3, order_by=["start_time"], page_token=first.token)
    assert [run.info.run_name for run in [*first, *rest]] == ["one", "two", "three", "four"]
    assert not rest.token


def test_what_is_not_there(client):
    with refused("RESOURCE_DOES_NOT_EXIST", "Run with id="):
        client.get_run("0" * 32)
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654"):
        client.get_experiment("987654")
    assert client.get_experiment_by_name("nobody made this") is None
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_registered_model("nobody made this")
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_logged_model("m-" + "0" * 32)


def test_a_small_page_of_runs_has_a_length_and_a_large_one_comes_while_it_is_read(server, client, experiment):
    """Either way the page ends with the token of the next one."""
    ids = [client.create_run(experiment, tags={"long": "x" * 5000}).info.run_id for _ in range(31)]
    found = []
    token = ""
    for wanted, whole in [(2, True), (28, False), (1, True)]:
        search = {"experiment_ids": [experiment], "max_results": wanted, "page_token": token}
        response = server.api("POST", "/mlflow/runs/search", server.admin, json=search)
        assert ("content-length" in response.headers) == whole, response.headers
        page = response.json()
        assert list(page)[0] == "runs"
        found += [run["info"]["run_id"] for run in page["runs"]]
        token = page.get("next_page_token", "")
        assert bool(token) == (len(found) < len(ids))
    assert sorted(found) == sorted(ids)

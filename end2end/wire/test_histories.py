"""Histories of several runs at once, and long ones. What is expected is what MLflow 3.17.2 answers to the same calls."""

import json
import uuid

import pytest
import requests
from mlflow.entities import Metric
from runmark import check_refusal

BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
INTERVAL = "/api/2.0/mlflow/metrics/get-history-bulk-interval"


@pytest.fixture
def runs(client, experiment):
    """Two runs, by their ids: of the first the times run against the steps, the second has ties and a NaN."""
    first, second = sorted(client.create_run(experiment).info.run_id for _ in range(2))
    client.log_batch(first, metrics=[Metric("m", step * 0.5, 100 - step, step) for step in range(10)])
    points = [(7, 1, 0), (-1, 2, 0), (float("nan"), 9, 0), (5, 9, -1)]
    client.log_batch(second, metrics=[Metric("m", value, time, step) for value, time, step in points])
    return first, second


@pytest.fixture
def ask(server):
    """Asks a door below any prefix."""

    def ask(path: str, **query):
        return requests.get(f"{server.url}{path}", params=query, headers=server.admin.headers, timeout=60)

    return ask


def points(response) -> list[tuple]:
    """Run, step, time and value of every point."""
    assert response.status_code == 200, response.text
    found = response.json().get("metrics", [])
    assert all(point["key"] == "m" for point in found)
    return [(point["run_id"], point["step"], point["timestamp"], str(point["value"])) for point in found]


def test_an_interval_is_sampled_evenly_and_keeps_both_ends(ask, runs):
    first, second = runs
    sample = points(ask(INTERVAL, run_ids=[second, first], metric_key="m", max_results=3))
    assert sample == [
        (second, -1, 9, "5.0"),
        (second, 0, 2, "-1.0"),
        (second, 0, 9, "NaN"),
        (first, 0, 100, "0.0"),
        (first, 4, 96, "2.0"),
        (first, 9, 91, "4.5"),
    ]
    for most, steps in {4: [0, 3, 6, 9], 2: [0, 9], 1: [9], 10: list(range(10)), 2500: list(range(10))}.items():
        sample = points(ask(INTERVAL, run_ids=first, metric_key="m", max_results=most))
        assert [step for _, step, _, _ in sample] == steps


def test_an_interval_has_its_ends_in_it(ask, runs):
    first, second = runs
    found = points(ask(INTERVAL, run_ids=first, metric_key="m", start_step=3, end_step=5))
    assert [step for _, step, _, _ in found] == [3, 4, 5]
    found = points(ask(f"/ajax-api{INTERVAL[4:]}", run_ids=runs, metric_key="m", start_step=-5, end_step=-1))
    assert found == [(second, -1, 9, "5.0")]


def test_runs_and_metrics_that_are_not_there_have_no_points(ask, runs):
    nowhere = ["nope", uuid.uuid4().hex]
    assert ask(INTERVAL, run_ids=nowhere, metric_key="m").text == "{}"
    assert ask(INTERVAL, run_ids="", metric_key="m").text == "{}"
    assert ask(INTERVAL, run_ids=runs, metric_key="other").text == "{}"
    assert ask(BULK, run_id=nowhere, metric_key="m").json() == {"metrics": []}
    assert ask(BULK, run_id=runs, metric_key="").json() == {"metrics": []}


def test_a_run_named_twice(ask, runs):
    first, _ = runs
    assert len(points(ask(INTERVAL, run_ids=[first, first], metric_key="m", max_results=1))) == 2
    assert len(points(ask(BULK, run_id=[first, first], metric_key="m"))) == 10


def test_histories_in_bulk_are_cut_off_all_together(ask, runs):
    first, second = runs
    response = ask(BULK, run_id=[second, first], metric_key="m", max_results=12)
    expected = [(first, step, 100 - step, str(step * 0.5)) for step in reversed(range(10))]
    assert points(response) == expected + [(second, 0, 1, "7.0"), (second, 0, 2, "-1.0")]
    assert ask(BULK, run_id=first, metric_key="m", max_results=0).json() == {"metrics": []}
    # As Python's JSON has it.
    response = ask(BULK, run_id=second, metric_key="m")
    assert '"value":NaN' in response.text
    assert points(response)[2:] == [(second, -1, 9, "5.0"), (second, 0, 9, "nan")]


HINT = " See the API docs for more information about request parameters."


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        (INTERVAL, {}, f"Missing value for required parameter 'run_ids'.{HINT}"),
        (INTERVAL, {"run_ids": "x"}, f"Missing value for required parameter 'metric_key'.{HINT}"),
        (
            INTERVAL,
            {"run_ids": ["x"] * 101, "metric_key": "m"},
            f"GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids.{HINT}",
        ),
        (INTERVAL, {"max_results": 0}, f"max_results must be between 1 and 2500.{HINT}"),
        (INTERVAL, {"max_results": 2501}, f"max_results must be between 1 and 2500.{HINT}"),
        (
            INTERVAL,
            {"max_results": "x"},
            f"Invalid value \"x\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'.{HINT}",
        ),
        (
            INTERVAL,
            {"start_step": 5, "end_step": 3},
            "end_step must be greater than start_step. Found start_step=5 and end_step=3.",
        ),
        (INTERVAL, {"start_step": 5}, "If either start step or end step are specified, both must be specified."),
        (BULK, {}, "GetMetricHistoryBulk request must specify at least one run_id."),
        (BULK, {"run_id": "x"}, "GetMetricHistoryBulk request must specify a metric_key."),
        (
            BULK,
            {"run_id": ["x"] * 101},
            "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.",
        ),
    ],
)
def test_what_is_refused_is_refused_in_mlflows_words(ask, path, query, message):
    named = {"run_ids": "x", "metric_key": "m"} if path == INTERVAL and set(query) & {"max_results", "start_step"} else {}
    response = ask(path, **named, **query)
    check_refusal(response, 400, "INVALID_PARAMETER_VALUE")
    assert response.json()["message"] == message


def test_only_mlflows_pages_ask_in_bulk(ask, runs):
    check_refusal(ask(BULK.replace("ajax-api", "api"), run_id=runs[0], metric_key="m"), 404, "ENDPOINT_NOT_FOUND")


def test_a_long_history_in_one_answer(server, client, experiment):
    """Without `max_results` the answer is sent while it is read."""
    run = client.create_run(experiment).info.run_id
    for start in range(0, 20_000, 1000):
        client.log_batch(run, metrics=[Metric("ü x", step / 7, step, step) for step in range(start, start + 1000)])
    response = server.api("GET", "/mlflow/metrics/get-history", params={"run_id": run, "metric_key": "ü x"})
    assert response.headers["content-type"] == "application/json"
    assert "content-length" not in response.headers
    assert json.loads(response.text) == {
        "metrics": [{"key": "ü x", "value": step / 7, "timestamp": step, "step": step} for step in range(20_000)]
    }
    short = server.api("GET", "/mlflow/metrics/get-history", params={"run_id": run, "metric_key": "none"})
    assert (short.text, short.headers["content-length"]) == ("{}", "2")

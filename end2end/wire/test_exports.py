"""Tables of runs as files: what they hold is what `mlflow.search_runs` finds."""

import io
import uuid

import mlflow
import pandas
import pyarrow
import pyarrow.parquet
import pytest
import requests

from runmark import use_link


@pytest.fixture
def browser(server):
    """Somebody who looks at the pages."""
    browser = requests.Session()
    assert use_link(server.say("user", "link", "admin", "--url", server.url), browser).url.endswith("/experiments")
    return browser


def fetch(server, browser, experiment: str, file: str, **query) -> requests.Response:
    address = f"{server.url}/export/runs/{experiment}/{file}"
    return browser.get(address, params=query, allow_redirects=False, timeout=60)


def table_of(response) -> pyarrow.Table:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/vnd.apache.parquet"
    return pyarrow.parquet.read_table(io.BytesIO(response.content))


def log_runs(count: int):
    """Runs of which none has all there is."""
    for number in range(count):
        with mlflow.start_run(run_name=f"run {number}"):
            mlflow.log_param("number", number)
            mlflow.log_metric("loss", [0.5, float("nan"), float("inf"), -1e300][number % 4])
            if number % 2:
                mlflow.log_param(f"odd/p{number % 6}", "ö,\"x\"\n=1")
                mlflow.log_metric(f"val/m{number % 6}", number, step=3)
                mlflow.set_tag("stage", "final")
    # One that still runs has no end.
    mlflow.start_run(run_name="still")


def test_a_parquet_file_holds_what_search_runs_finds(client, experiment, server, browser):
    log_runs(230)
    table = table_of(fetch(server, browser, experiment, "runs.parquet", columns="all", order="run_name"))
    expected = mlflow.search_runs([experiment], order_by=["run_name"])
    mlflow.end_run()
    assert table.num_rows == len(expected) == 231
    assert set(table.column_names) == set(expected.columns) | {"name", "user"}
    moment = pyarrow.timestamp("ms", tz="UTC")
    for name in table.column_names:
        kind = table.schema.field(name).type
        wanted = moment if name in ("start_time", "end_time") else pyarrow.string()
        assert kind == (pyarrow.float64() if name.startswith("metrics.") else wanted), name
    found = table.to_pandas().set_index("run_id")
    expected = expected.set_index("run_id")
    assert list(found.index) == list(expected.index)
    for name in expected.columns:
        ours, theirs = found[name], expected[name]
        assert list(ours.isna()) == list(theirs.isna()), name
        there = ~theirs.isna()
        if name in ("start_time", "end_time"):
            theirs = pandas.to_datetime(theirs, utc=True)
            ours = pandas.to_datetime(ours, utc=True)
        assert list(ours[there]) == list(theirs[there]), name
    # What is missing is told from what isn't a number.
    losses = table.column("metrics.loss")
    assert losses.null_count == 1 and sum(value.as_py() != value.as_py() for value in losses if value.is_valid) == 58


def test_chosen_columns_alone_are_exported(client, experiment, server, browser):
    log_runs(6)
    mlflow.end_run()
    columns = "started,duration,min_metrics.loss,params.number,tags.stage"
    table = table_of(fetch(server, browser, experiment, "runs.parquet", columns=columns, filter="tags.stage = 'final'"))
    assert table.column_names == ["run_id", "name", "status", *columns.split(",")]
    assert table.schema.field("duration").type == pyarrow.int64()
    assert sorted(table.column("params.number").to_pylist()) == ["1", "3", "5"]
    as_text = fetch(server, browser, experiment, "runs.csv", columns=columns, filter="tags.stage = 'final'")
    lines = pandas.read_csv(io.BytesIO(as_text.content))
    assert list(lines.columns) == table.column_names
    assert list(lines["run_id"]) == table.column("run_id").to_pylist()
    assert list(lines["duration"]) == table.column("duration").to_pylist()


def test_all_columns_of_a_csv_are_those_of_the_parquet(client, experiment, server, browser):
    log_runs(6)
    mlflow.end_run()
    lines = pandas.read_csv(io.BytesIO(fetch(server, browser, experiment, "runs.csv").content))
    table = table_of(fetch(server, browser, experiment, "runs.parquet"))
    assert list(lines.columns) == table.column_names


def test_named_runs_are_exported_in_their_order(client, experiment, server, browser):
    first, second = (client.create_run(experiment).info.run_id for _ in range(2))
    client.log_param(first, "lr", "1")
    client.log_metric(second, "loss", 0.5)
    table = table_of(fetch(server, browser, "all", "runs.parquet", columns="all", runs=f"{second},{first}"))
    assert table.column("run_id").to_pylist() == [second, first]
    assert table.column("params.lr").to_pylist() == [None, "1"]
    assert table.column("metrics.loss").to_pylist() == [0.5, None]
    missing = fetch(server, browser, "all", "runs.csv", runs=f"{first},{uuid.uuid4().hex}")
    assert missing.status_code == 404


def test_a_table_without_runs_is_a_file_too(client, experiment, server, browser):
    table = table_of(fetch(server, browser, experiment, "runs.parquet"))
    assert table.num_rows == 0 and "run_id" in table.column_names


def test_mistakes_are_told_before_a_file_begins(client, experiment, server, browser):
    assert fetch(server, browser, experiment, "runs.parquet", filter="metrics.loss >").status_code == 400
    assert fetch(server, browser, experiment, "runs.xlsx").status_code == 404
    assert fetch(server, browser, "999999999", "runs.parquet").status_code == 404
    many = ",".join(uuid.uuid4().hex for _ in range(201))
    assert fetch(server, browser, experiment, "runs.parquet", runs=many).status_code == 400

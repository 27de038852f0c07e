"""Metrics as the client logs and reads them."""

import math

import mlflow
import pytest
from mlflow.entities import Metric


def test_numbers_that_are_none(client, experiment):
    with mlflow.start_run() as run:
        for key, value in {"nan": math.nan, "high": math.inf, "low": -math.inf, "tiny": 5e-324, "zero": -0.0}.items():
            mlflow.log_metric(key, value)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert math.isnan(metrics.pop("nan"))
    assert metrics == {"high": math.inf, "low": -math.inf, "tiny": 5e-324, "zero": 0.0}
    (point,) = client.get_metric_history(run.info.run_id, "nan")
    assert math.isnan(point.value)


def test_many_metrics_at_once(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metrics({f"metric {number}": number for number in range(2500)}, step=3)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert metrics == {f"metric {number}": float(number) for number in range(2500)}


def test_a_history_longer_than_a_page(client, experiment):
    """The client asks for 25,000 points at a time and follows the page tokens."""
    run = client.create_run(experiment).info.run_id
    points = [Metric("loss", step / 7, 1_000 + step, step) for step in range(30_000)]
    for start in range(0, len(points), 1000):
        client.log_batch(run, metrics=points[start : start + 1000])
    history = client.get_metric_history(run, "loss")
    assert [(point.step, point.timestamp, point.value) for point in history] == [
        (point.step, point.timestamp, point.value) for point in points
    ]


def test_the_same_point_counts_once(client, experiment):
    """Clients send again what they didn't see answered."""
    run = client.create_run(experiment).info.run_id
    for _ in range(3):
        client.log_batch(run, metrics=[Metric("loss", 0.5, 1_000, 1), Metric("loss", 0.4, 2_000, 2)])
    assert [point.value for point in client.get_metric_history(run, "loss")] == [0.5, 0.4]


def test_the_last_value_is_that_of_the_highest_step(client, experiment):
    run = client.create_run(experiment).info.run_id
    for value, timestamp, step in [(5, 10, 1), (7, 20, 0), (4, 10, 1), (6, 9, 1)]:
        client.log_metric(run, "loss", value, timestamp=timestamp, step=step)
    assert client.get_run(run).data.metrics == {"loss": 5.0}


def test_asynchronous_logging_loses_nothing(client, experiment):
    with mlflow.start_run() as run:
        waiting = [mlflow.log_metric("loss", step * 0.5, step=step, synchronous=False) for step in range(300)]
        mlflow.log_params({f"p{number}": number for number in range(50)}, synchronous=False)
        for operation in waiting:
            operation.wait()
    mlflow.flush_async_logging()
    history = client.get_metric_history(run.info.run_id, "loss")
    assert sorted((point.step, point.value) for point in history) == [(step, step * 0.5) for step in range(300)]
    assert len(client.get_run(run.info.run_id).data.params) == 50


def test_metrics_of_a_model_and_a_dataset(client, experiment):
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model("net")
        mlflow.log_metric("loss", 0.25, step=2, model_id=model.model_id)
        mlflow.finalize_logged_model(model.model_id, "READY")
    (metric,) = mlflow.get_logged_model(model.model_id).metrics
    assert (metric.key, metric.value, metric.step, metric.run_id) == ("loss", 0.25, 2, run.info.run_id)
    assert client.get_run(run.info.run_id).data.metrics == {"loss": 0.25}


@pytest.mark.parametrize("key", ["Verlust größer", "损失", "a/b/c", "x.y-z_1", "gpu: 0"])
def test_names_in_all_scripts(client, experiment, key):
    with mlflow.start_run(run_name=f"Läufe {key}") as run:
        mlflow.log_metric(key, 1.5)
        mlflow.log_param(key, "Größe 🚀")
        mlflow.set_tag(key, "värde")
    (found,) = mlflow.search_runs([experiment], filter_string=f"metrics.`{key}` > 1 AND params.`{key}` = 'Größe 🚀'").to_dict(
        "records"
    )
    assert found["run_id"] == run.info.run_id
    assert found[f"tags.{key}"] == "värde"
    assert found["tags.mlflow.runName"] == f"Läufe {key}"

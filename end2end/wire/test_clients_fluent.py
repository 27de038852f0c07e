"""A training script as people write it, by somebody with an account: everything the client logs is there to be read."""

import io
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas
import pytest
import yaml
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from PIL import Image


@pytest.fixture
def client(as_lise):
    return as_lise


@pytest.fixture
def asynchronous(client):
    """Logging that doesn't wait for answers."""
    mlflow.config.enable_async_logging()
    yield
    mlflow.flush_async_logging()
    mlflow.config.enable_async_logging(False)


@pytest.mark.parametrize("credential", ["name and password", "token"])
def test_a_script_from_start_to_end(client, lise, monkeypatch, credential):
    if credential == "token":
        monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
        monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", lise.token)
    name = f"script {uuid.uuid4().hex[:8]}"
    experiment = mlflow.set_experiment(name)
    mlflow.set_experiment_tags({"team": "churn", "mlflow.note.content": "# Churn"})
    with mlflow.start_run(run_name="first", tags={"kind": "baseline"}, description="the *first* one") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"layers": [64, 64], "optimizer": None, "seed": True})
        mlflow.set_tags({"stage": "draft", "attempt": 3})
        for step in range(3):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"val/loss": np.float32(0.5), "val/acc": 1}, step=2, timestamp=1_700_000_000_000)
        assert mlflow.get_artifact_uri("plots").endswith(f"/{run.info.run_id}/artifacts/plots")
    assert mlflow.last_active_run().info.run_id == run.info.run_id
    stored = mlflow.get_run(run.info.run_id)
    assert (stored.info.status, stored.info.run_name, stored.info.user_id != "") == ("FINISHED", "first", True)
    assert stored.data.params == {"lr": "0.1", "layers": "[64, 64]", "optimizer": "None", "seed": "True"}
    assert stored.data.metrics == {"loss": 1 / 3, "val/loss": 0.5, "val/acc": 1.0}
    tags = {key: stored.data.tags[key] for key in ["kind", "stage", "attempt", "mlflow.note.content"]}
    assert tags == {"kind": "baseline", "stage": "draft", "attempt": "3", "mlflow.note.content": "the *first* one"}
    (point,) = client.get_metric_history(run.info.run_id, "val/acc")
    assert (point.step, point.timestamp, point.value) == (2, 1_700_000_000_000, 1.0)
    found = mlflow.get_experiment_by_name(name)
    assert (found.experiment_id, found.tags["team"]) == (experiment.experiment_id, "churn")

    # The same from a table, as notebooks look at it.
    (row,) = mlflow.search_runs(experiment_names=[name], filter_string="params.lr = '0.1'").to_dict("records")
    assert (row["run_id"], row["metrics.loss"], row["tags.kind"]) == (run.info.run_id, 1 / 3, "baseline")
    mlflow.delete_run(run.info.run_id)
    assert mlflow.search_runs([experiment.experiment_id], output_format="list") == []
    mlflow.delete_experiment(experiment.experiment_id)
    assert mlflow.get_experiment(experiment.experiment_id).lifecycle_stage == "deleted"


def test_the_client_without_the_fluent_words(client):
    """As loggers of training frameworks call it: a run by its id, metrics and params as entities."""
    experiment = client.create_experiment(f"entities {uuid.uuid4().hex[:8]}", tags={"a": "1"})
    assert client.get_experiment_by_name(client.get_experiment(experiment).name).experiment_id == experiment
    run = client.create_run(experiment, start_time=1_000, tags={"mlflow.runName": "loop"}, run_name="loop").info.run_id
    params = [Param(f"layer{number}/units", str(number)) for number in range(100)]
    client.log_batch(run, params=params, tags=[RunTag("phase", "fit")])
    for step in range(5):
        metrics = [Metric("train_loss", 1 - step / 10, 2_000 + step, step), Metric("epoch", step, 2_000, step)]
        client.log_batch(run, metrics=metrics)
    client.log_metric(run, "best", 0.6, timestamp=3_000, step=4)
    client.log_param(run, "batch", 32)
    client.set_tag(run, "phase", "done")
    client.log_inputs(run, [DatasetInput(Dataset("rows", "d1", "local", "{}"), [InputTag("mlflow.data.context", "train")])])
    client.update_run(run, name="renamed")
    client.set_terminated(run, "FINISHED", end_time=5_000)
    stored = client.get_run(run)
    assert (stored.info.run_name, stored.info.start_time, stored.info.end_time) == ("renamed", 1_000, 5_000)
    assert stored.data.tags["mlflow.runName"] == "renamed"
    assert (len(stored.data.params), stored.data.params["layer99/units"]) == (101, "99")
    assert stored.data.metrics == {"train_loss": 0.6, "epoch": 4.0, "best": 0.6}
    assert [point.step for point in client.get_metric_history(run, "train_loss")] == [0, 1, 2, 3, 4]
    assert [one.dataset.name for one in stored.inputs.dataset_inputs] == ["rows"]
    client.set_experiment_tag(experiment, "a", "2")
    client.delete_experiment_tag(experiment, "a")
    client.rename_experiment(experiment, f"renamed {experiment}")
    assert client.get_experiment(experiment).name == f"renamed {experiment}"
    client.delete_run(run)
    assert [one.info.run_id for one in client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)] == [run]
    client.restore_run(run)


def test_nothing_is_lost_where_nobody_waits(client, experiment, asynchronous):
    with mlflow.start_run() as run:
        for step in range(100):
            mlflow.log_metrics({"loss": step * 0.5, "acc": step}, step=step)
        mlflow.log_params({f"p{number}": number for number in range(120)})
        mlflow.set_tag("how", "asynchronously")
        future = mlflow.log_metric("last", 1.0)
        future.wait()
        mlflow.flush_async_logging()
    stored = client.get_run(run.info.run_id)
    assert (len(stored.data.params), stored.data.tags["how"], stored.data.metrics["last"]) == (120, "asynchronously", 1.0)
    history = client.get_metric_history(run.info.run_id, "loss")
    assert sorted((point.step, point.value) for point in history) == [(step, step * 0.5) for step in range(100)]


def test_what_is_sent_in_batches_while_nobody_waits(client, experiment, monkeypatch):
    monkeypatch.setenv("MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS", "1")
    # A client of its own: the queue of the shared one has started without.
    client = mlflow.MlflowClient(f"{mlflow.get_tracking_uri()}/")
    run = client.create_run(experiment).info.run_id
    waiting = [client.log_metric(run, "loss", step, step=step, synchronous=False) for step in range(2_500)]
    waiting += [client.log_param(run, f"p{number}", number, synchronous=False) for number in range(150)]
    waiting += [client.set_tag(run, f"t{number}", number, synchronous=False) for number in range(10)]
    for one in waiting:
        one.wait()
    stored = client.get_run(run)
    assert (stored.data.metrics, len(stored.data.params), stored.data.tags["t9"]) == ({"loss": 2_499.0}, 150, "9")
    assert len(client.get_metric_history(run, "loss")) == 2_500


def test_runs_within_runs(client, experiment):
    with mlflow.start_run(run_name="sweep") as sweep:
        for fold in range(2):
            with mlflow.start_run(run_name=f"fold {fold}", nested=True) as inner:
                with mlflow.start_run(run_name="retry", nested=True, tags={"fold": str(fold)}) as innermost:
                    mlflow.log_metric("loss", fold)
    with mlflow.start_run(run_name="later", parent_run_id=sweep.info.run_id) as later:
        pass
    assert client.get_parent_run(innermost.info.run_id).info.run_id == inner.info.run_id
    assert mlflow.get_parent_run(later.info.run_id).info.run_id == sweep.info.run_id
    assert mlflow.get_parent_run(sweep.info.run_id) is None
    of_sweep = f"tags.mlflow.parentRunId = '{sweep.info.run_id}'"
    children = mlflow.search_runs([experiment], of_sweep, order_by=["attributes.start_time ASC"])
    assert list(children["tags.mlflow.runName"]) == ["fold 0", "fold 1", "later"]


def test_runs_side_by_side(client, experiment):
    """As a sweep in threads does, each with a run of its own."""

    def train(number):
        with mlflow.start_run(run_name=f"worker {number}") as run:
            for step in range(5):
                mlflow.log_metric("loss", number + step, step=step)
            mlflow.log_param("number", number)
            mlflow.log_text(str(number), "number.txt")
        return run.info.run_id

    with ThreadPoolExecutor(8) as workers:
        ids = list(workers.map(train, range(16)))
    for number, run_id in enumerate(ids):
        stored = client.get_run(run_id)
        assert (stored.info.run_name, stored.info.status) == (f"worker {number}", "FINISHED")
        assert (stored.data.metrics, stored.data.params) == ({"loss": number + 4.0}, {"number": str(number)})
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/number.txt") == str(number)


def test_what_the_machine_does(client, experiment):
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(2)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            time.sleep(1.5)
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= set(metrics)
    points = client.get_metric_history(run.info.run_id, "system/system_memory_usage_megabytes")
    assert len(points) >= 2 and all(point.value > 0 for point in points)
    assert [point.step for point in sorted(points, key=lambda point: point.step)] == list(range(len(points)))


def test_tables(client, experiment, tmp_path):
    with mlflow.start_run() as first:
        mlflow.log_table({"question": ["a", "b"], "score": [1, 2.5]}, "eval/answers.json")
        mlflow.log_table(pandas.DataFrame({"question": ["ü"], "score": [None]}), "eval/answers.json")
        mlflow.log_table({"picture": [mlflow.Image(np.zeros((2, 2, 3), dtype=np.uint8))]}, "pictures.json")
        mlflow.log_table({"x": [1, 2]}, "columns.parquet")
    with mlflow.start_run() as second:
        mlflow.log_table({"question": ["c"], "score": [3]}, "eval/answers.json")
    both = mlflow.load_table("eval/answers.json", extra_columns=["run_id"])
    assert sorted(zip(both["question"], both["run_id"])) == sorted(
        [("a", first.info.run_id), ("b", first.info.run_id), ("ü", first.info.run_id), ("c", second.info.run_id)]
    )
    (picture,) = mlflow.load_table("pictures.json", run_ids=[first.info.run_id])["picture"]
    with Image.open(mlflow.artifacts.download_artifacts(run_id=first.info.run_id, artifact_path=picture["filepath"])) as shown:
        assert shown.size == (2, 2)
    assert list(mlflow.load_table("columns.parquet", run_ids=[first.info.run_id])["x"]) == [1, 2]


def test_images_of_steps_and_figures(client, experiment):
    with mlflow.start_run() as run:
        for step in range(3):
            mlflow.log_image(np.full((6, 4, 3), step * 40, dtype=np.uint8), key="dream/land", step=step, timestamp=1_000 + step)
        mlflow.log_image(mlflow.Image(Image.new("L", (5, 5))), "still.png")
        mlflow.log_image(Image.new("RGB", (3, 3)), key="later", step=0, synchronous=False)
        mlflow.flush_artifact_async_logging()
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        for name in ["line.png", "line.svg"]:
            mlflow.log_figure(figure, f"plots/{name}", save_kwargs={"dpi": 40})
        plt.close(figure)
    run_id = run.info.run_id
    logged = [entry.path for entry in client.list_artifacts(run_id, "images")]
    for key, steps in [("dream~land", 3), ("later", 1)]:
        for step in range(steps):
            pictures = [path for path in logged if path.startswith(f"images/{key}+step+{step}+")]
            assert sorted(path.rsplit(".", 1)[1] for path in pictures) == ["png", "webp"], logged
            (whole,) = [path for path in pictures if path.endswith(".png")]
            size = (4, 6) if steps == 3 else (3, 3)
            assert mlflow.artifacts.load_image(f"runs:/{run_id}/{whole}").size == size
    assert client.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"
    assert mlflow.artifacts.load_image(f"runs:/{run_id}/still.png").size == (5, 5)
    assert "</svg>" in mlflow.artifacts.load_text(f"runs:/{run_id}/plots/line.svg")


def test_files_by_every_address(client, experiment, tmp_path):
    (tmp_path / "up/deep").mkdir(parents=True)
    (tmp_path / "up/a+b & c=1.txt").write_text("odd name")
    (tmp_path / "up/deep/weights.bin").write_bytes(bytes(range(256)) * 1_000)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(tmp_path / "up", "checkpoint")
        mlflow.log_artifact(tmp_path / "up/a+b & c=1.txt")
        mlflow.log_dict({"b": [1, {"ä": None}]}, "config.yaml")
        mlflow.log_dict({"b": [1, {"ä": None}]}, "config.json")
        mlflow.log_text("<b>text</b>", "page.html")
        client.log_stream(run.info.run_id, io.BytesIO(b"in pieces"), "stream.txt")
    run_id, root = run.info.run_id, run.info.artifact_uri
    for address in [f"runs:/{run_id}/checkpoint", f"{root}/checkpoint"]:
        down = tmp_path / uuid.uuid4().hex
        mlflow.artifacts.download_artifacts(address, dst_path=down)
        assert (down / "checkpoint/deep/weights.bin").read_bytes() == bytes(range(256)) * 1_000
        assert (down / "checkpoint/a+b & c=1.txt").read_text() == "odd name"
    assert mlflow.artifacts.load_dict(f"{root}/config.json") == {"b": [1, {"ä": None}]}
    assert mlflow.artifacts.load_text(f"{root}/stream.txt") == "in pieces"
    assert yaml.safe_load(mlflow.artifacts.load_text(f"runs:/{run_id}/config.yaml")) == {"b": [1, {"ä": None}]}
    listed = mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="checkpoint")
    assert sorted((entry.path, entry.is_dir) for entry in listed) == [
        ("checkpoint/a+b & c=1.txt", False),
        ("checkpoint/deep", True),
    ]
    get_artifact_repository(root).delete_artifacts("checkpoint/deep")
    assert [entry.path for entry in client.list_artifacts(run_id, "checkpoint")] == ["checkpoint/a+b & c=1.txt"]


def test_a_client_told_to_send_in_parts_sends_the_whole(client, experiment, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1000")
    weights = bytes(range(256)) * 5_000
    (tmp_path / "weights.bin").write_bytes(weights)
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "weights.bin"))
        mlflow.log_artifact(str(tmp_path / "weights.bin"), "deep")
    for path in ["weights.bin", "deep/weights.bin"]:
        down = mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/{path}", dst_path=tmp_path / "down")
        with open(down, "rb") as file:
            assert file.read() == weights


def test_files_by_the_command_line(client, experiment, tmp_path):
    """The Java client and the R client leave files to it."""

    def mlflow_artifacts(*arguments):
        command = [sys.executable, "-m", "mlflow", "artifacts", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    run = client.create_run(experiment).info.run_id
    (tmp_path / "notes.txt").write_text("from Java")
    mlflow_artifacts("log-artifact", "--local-file", str(tmp_path / "notes.txt"), "--run-id", run, "--artifact-path", "deep")
    assert '"path": "deep/notes.txt"' in mlflow_artifacts("list", "--run-id", run, "--artifact-path", "deep")
    there = mlflow_artifacts("download", "--run-id", run, "--artifact-path", "deep", "--dst-path", str(tmp_path / "down"))
    assert (tmp_path / "down/deep/notes.txt").read_text() == "from Java", there


def test_datasets_lead_back_to_their_rows(client, experiment, tmp_path):
    frame = pandas.DataFrame({"age": [31, 47, 5], "churned": [True, False, True], "name": ["ä", "b", None]})
    frame.to_csv(tmp_path / "customers.csv", index=False)
    customers = mlflow.data.from_pandas(frame, source=str(tmp_path / "customers.csv"), name="customers", targets="churned")
    numbers = mlflow.data.from_numpy(np.arange(12).reshape(4, 3), targets=np.arange(4), name="numbers")
    with mlflow.start_run() as run:
        mlflow.log_input(customers, context="training", tags={"split": "2026-10"})
        mlflow.log_input(numbers, context="validation")
        mlflow.log_input(customers, context="training")
    inputs = {one.dataset.name: one for one in client.get_run(run.info.run_id).inputs.dataset_inputs}
    assert set(inputs) == {"customers", "numbers"}
    assert {tag.key: tag.value for tag in inputs["customers"].tags}["mlflow.data.context"] == "training"
    stored = inputs["customers"].dataset
    assert pandas.read_csv(mlflow.data.get_source(stored).load()).equals(pandas.read_csv(tmp_path / "customers.csv"))
    assert (stored.digest, stored.profile) == (customers.digest, '{"num_rows": 3, "num_elements": 9}')
    found = mlflow.search_runs([experiment], "dataset.name = 'numbers' AND dataset.context = 'validation'")
    assert list(found["run_id"]) == [run.info.run_id]


def test_many_runs_in_one_table(client, experiment):
    ids = []
    for number in range(25):
        metrics, params = [Metric("loss", number / 10, 0, 0)], [Param("lr", str(number % 3))]
        ids.append(client.create_run(experiment, run_name=f"trial {number}").info.run_id)
        client.log_batch(ids[-1], metrics, params)
    table = mlflow.search_runs([experiment], "metrics.loss >= 1 AND params.lr != '2'", order_by=["metrics.loss DESC"])
    assert list(table["tags.mlflow.runName"]) == [f"trial {n}" for n in reversed(range(10, 25)) if n % 3 < 2]
    assert len(mlflow.search_runs([experiment], max_results=7)) == 7
    assert len(mlflow.search_runs(search_all_experiments=True, filter_string="attributes.run_name LIKE 'trial 2_'")) >= 5
    pages, token = [], None
    while token or not pages:
        order = ["attributes.start_time ASC", "params.lr"]
        page = client.search_runs([experiment], order_by=order, max_results=10, page_token=token)
        pages.append([run.info.run_id for run in page])
        token = page.token
    assert [len(page) for page in pages] == [10, 10, 5] and sorted(sum(pages, [])) == sorted(ids)
    name = client.get_experiment(experiment).name
    (found,) = mlflow.search_experiments(filter_string=f"name = '{name}'", order_by=["creation_time DESC"])
    assert found.experiment_id == experiment

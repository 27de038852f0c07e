"""Files: logged, listed, downloaded, streamed."""

import os
import random

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

MEGABYTE = 1 << 20


def files(client, run_id, path=None):
    """All files of a run with their sizes, depth first."""
    found = {}
    for entry in client.list_artifacts(run_id, path):
        found |= files(client, run_id, entry.path) if entry.is_dir else {entry.path: entry.file_size}
    return found


def test_every_way_to_log_a_file(client, experiment, tmp_path):
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/a b.txt").write_text("with a blank")
    (tmp_path / "tree/deep/größe 100%.txt").write_text("odd")
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "tree/a b.txt"))
        mlflow.log_artifacts(str(tmp_path / "tree"), "tree")
        mlflow.log_text("Grüße", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
        mlflow.log_figure(figure, "plots/line.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "plots/black.png")
        mlflow.log_image(Image.new("RGB", (8, 8)), key="sample", step=1)
        mlflow.log_table({"x": [1, 2]}, "table.json")
        mlflow.log_table({"x": [3]}, "table.json")
        mlflow.log_text("", "empty.txt")
    run_id = run.info.run_id
    logged = files(client, run_id)
    images = [path for path in logged if path.startswith("images/sample")]
    assert len(images) == 2
    assert set(logged) - set(images) == {
        "a b.txt",
        "tree/a b.txt",
        "tree/deep/größe 100%.txt",
        "notes/hello.txt",
        "config.json",
        "plots/line.png",
        "plots/black.png",
        "table.json",
        "empty.txt",
    }
    assert logged["notes/hello.txt"] == len("Grüße".encode())
    assert logged["empty.txt"] == 0
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "Grüße"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1, 2]}
    assert mlflow.artifacts.load_image(f"runs:/{run_id}/plots/black.png").size == (4, 4)
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["x"]) == [1, 2, 3]
    local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="tree", dst_path=str(tmp_path / "down"))
    assert (tmp_path / "down/tree/deep/größe 100%.txt").read_text() == "odd"
    assert sorted(os.listdir(local)) == ["a b.txt", "deep"]


def test_a_file_is_replaced_as_a_whole(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("the first, which is longer", "notes.txt")
        mlflow.log_text("the second", "notes.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes.txt") == "the second"


def test_a_file_that_is_not_there(client, experiment, tmp_path):
    with mlflow.start_run() as run:
        pass
    assert client.list_artifacts(run.info.run_id) == []
    with pytest.raises(MlflowException):
        mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="nowhere.txt", dst_path=str(tmp_path / "down")
        )


def test_large_files_pass_through(server, client, experiment, tmp_path):
    """60 MB go up and come down without ever being in the server's memory."""
    large = tmp_path / "weights.bin"
    large.write_bytes(random.Random(1).randbytes(60 * MEGABYTE))
    run = client.create_run(experiment).info.run_id
    before, most = server.memory(), 0
    for transfer in ["up", "down"]:
        if transfer == "up":
            client.log_artifact(run, str(large))
        else:
            client.download_artifacts(run, "weights.bin", str(tmp_path / "down"))
        most = max(most, server.memory())
    assert (tmp_path / "down/weights.bin").read_bytes() == large.read_bytes()
    grown = (most - before) / MEGABYTE
    print(f"memory grew by {grown:.1f} MB")
    assert grown < 40


def test_parts_of_a_file(server, client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("0123456789", "digits.txt")
    path = f"/mlflow-artifacts/artifacts/{experiment}/{run.info.run_id}/artifacts/digits.txt"

    def check(wanted, status, text):
        response = server.api("GET", path, headers={"Range": wanted} if wanted else {})
        assert (response.status_code, response.text) == (status, text)
        return response

    whole = check(None, 200, "0123456789")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"].startswith("attachment")
    assert check("bytes=2-4", 206, "234").headers["content-range"] == "bytes 2-4/10"
    check("bytes=7-", 206, "789")
    check("bytes=-3", 206, "789")


def test_tables_of_predictions(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_table(pandas.DataFrame({"text": ["ä", "b"], "score": [0.1, None]}), "predictions.json")
    table = mlflow.load_table("predictions.json", run_ids=[run.info.run_id], extra_columns=["run_id"])
    assert list(table["text"]) == ["ä", "b"]
    assert set(table["run_id"]) == {run.info.run_id}

"""Files: logged, listed, downloaded, streamed."""

import os
import random

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas
import pytest
import requests
from mlflow.exceptions import MlflowException
from PIL import Image

from runmark import use_link

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


def move(server, run_id, experiment):
    """Moves a run to another experiment, as the pages do: what they send is packed (postcard)."""
    link = server.say("user", "link", "admin", "--url", server.url)
    server.secrets.add(link.split("token=")[1])
    browser = requests.Session()
    use_link(link, browser)
    assert int(experiment) < 64, "one byte says it"
    one_run, move_to = bytes([1, 16]) + bytes.fromhex(run_id), bytes([7, int(experiment) * 2])
    headers = {"Origin": server.url, "Content-Type": "application/octet-stream"}
    done = browser.post(f"{server.url}/ui/change_runs", data=one_run + move_to, headers=headers, timeout=30)
    assert done.status_code == 200, done.text


def test_a_moved_run_is_logged_to_and_read_as_before(fresh, sign_in, tmp_path):
    client = sign_in(fresh, fresh.admin)
    old, new = client.create_experiment("old"), client.create_experiment("new")
    mlflow.set_experiment(experiment_id=old)
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        mlflow.log_text("before", "notes/before.txt")
        move(fresh, run_id, new)
        # The script knows the addresses that it was told at its start.
        mlflow.log_text("after", "notes/after.txt")
        mlflow.log_metric("loss", 0.5)
        mlflow.log_param("lr", 0.1)
        model = client.create_logged_model(experiment_id=old, name="late", source_run_id=run_id)
    moved = client.get_run(run_id)
    assert (moved.info.experiment_id, moved.info.artifact_uri) == (new, run.info.artifact_uri)
    assert client.get_logged_model(model.model_id).experiment_id == new
    found = client.search_runs([new], "metrics.loss = 0.5 and params.lr = '0.1'")
    assert [one.info.run_id for one in found] == [run_id]
    assert client.search_runs([old]) == []

    assert files(client, run_id) == {"notes/before.txt": 6, "notes/after.txt": 5}
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/before.txt") == "before"
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/after.txt") == "after"
    local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="notes", dst_path=str(tmp_path / "down"))
    assert sorted(os.listdir(local)) == ["after.txt", "before.txt"]
    assert (fresh.artifacts / old / run_id / "artifacts/notes/before.txt").read_text() == "before"

    # Who may do what to the files, by the address that they always had, is said where the run is now.
    behind, along = fresh.add("behind"), fresh.add("along")
    for account, here, there in [(behind, "MANAGE", "NO_PERMISSIONS"), (along, "NO_PERMISSIONS", "EDIT")]:
        fresh.grant(account, old, here)
        fresh.grant(account, new, there)
    path = f"/mlflow-artifacts/artifacts/{old}/{run_id}/artifacts/notes/before.txt"
    assert fresh.api("GET", path, along).text == "before"
    for method in ["GET", "PUT", "DELETE"]:
        assert fresh.api(method, path, behind, data=b"taken").status_code == 404, method
    assert fresh.api("PUT", path, along, data=b"changed").status_code == 200
    assert fresh.api("GET", path, along).text == "changed"
    with pytest.raises(MlflowException):
        sign_in(fresh, behind).get_run(run_id)
    assert sign_in(fresh, along).get_run(run_id).info.experiment_id == new

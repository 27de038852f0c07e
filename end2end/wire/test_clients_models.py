"""Models by somebody with an account: logged, registered, moved on and loaded by every address."""

import uuid

import mlflow
import numpy as np
import pandas
import pytest
from mlflow.exceptions import MlflowException, RestException
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, Y = load_iris(return_X_y=True, as_frame=True)
SEEN = X.iloc[[0, 60, 120]]


@pytest.fixture
def client(as_lise):
    return as_lise


@pytest.fixture
def name():
    """A name that no other test registers."""
    return f"iris-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def logged(experiment, name):
    """A run that logged a model and registered it, the model and what it says of `SEEN`."""
    model = LogisticRegression(max_iter=500).fit(X, Y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            signature=infer_signature(X, model.predict(X)),
            input_example=SEEN,
            pip_requirements=["scikit-learn"],
            params={"max_iter": 500},
            tags={"team": "garden"},
            metadata={"source": "Fisher"},
        )
    return run, info, model.predict(SEEN).tolist()


def test_a_model_is_loaded_by_every_address(client, logged, name, tmp_path):
    run, info, says = logged
    client.set_registered_model_alias(name, "champion", info.registered_model_version)
    addresses = [
        f"runs:/{run.info.run_id}/model",
        f"models:/{info.model_id}",
        f"models:/{name}/1",
        f"models:/{name}/latest",
        f"models:/{name}@champion",
    ]
    with pytest.warns(FutureWarning):
        client.transition_model_version_stage(name, "1", "Staging", archive_existing_versions=True)
    for address in [*addresses, f"models:/{name}/Staging"]:
        assert mlflow.sklearn.load_model(address).predict(SEEN).tolist() == says, address
    for address in addresses[:3]:
        loaded = mlflow.pyfunc.load_model(address)
        assert loaded.predict(SEEN).tolist() == says
        with pytest.raises(MlflowException, match="Failed to enforce schema"):
            loaded.predict(pandas.DataFrame({"nothing": [1]}))
    known = mlflow.models.get_model_info(f"models:/{name}@champion")
    assert (known.model_id, known.metadata, len(known.signature.inputs.inputs)) == (info.model_id, {"source": "Fisher"}, 4)
    down = mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=str(tmp_path / "down"))
    assert mlflow.sklearn.load_model(down).predict(SEEN).tolist() == says
    example = mlflow.models.Model.load(f"models:/{info.model_id}").load_input_example()
    np.testing.assert_allclose(example, SEEN)
    for missing in [f"models:/{name}/7", f"models:/{name}@nobody", "models:/m-" + "0" * 32, f"runs:/{run.info.run_id}/other"]:
        with pytest.raises(MlflowException):
            mlflow.pyfunc.load_model(missing)


def test_versions_are_registered_moved_on_and_found(client, logged, name):
    run, info, says = logged
    second = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"from": "run"})
    third = mlflow.register_model(f"models:/{info.model_id}", name)
    assert [second.version, third.version] == ["2", "3"]
    assert [second.status, second.run_id, third.run_id] == ["READY", run.info.run_id, run.info.run_id]
    assert third.source == f"models:/{info.model_id}"
    assert f'"{name}"' in mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
    client.update_registered_model(name, description="Which *iris* is it?")
    client.set_registered_model_tag(name, "task", "classification")
    client.set_model_version_tag(name, "3", "validated", "yes")
    client.set_registered_model_alias(name, "challenger", "3")
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "2")
    registered = client.get_registered_model(name)
    assert (registered.description, registered.tags) == ("Which *iris* is it?", {"task": "classification"})
    assert registered.aliases == {"challenger": "3", "champion": "2"}
    assert client.get_model_version(name, "2").aliases == ["champion"]
    with pytest.warns(FutureWarning):
        client.transition_model_version_stage(name, "2", "Production")
        client.transition_model_version_stage(name, "3", "Production", archive_existing_versions=True)
        assert [version.version for version in client.get_latest_versions(name, stages=["Production"])] == ["3"]
    assert client.get_model_version(name, "2").current_stage == "Archived"

    copy = client.copy_model_version(f"models:/{name}@challenger", f"{name}-production")
    assert (copy.name, copy.version) == (f"{name}-production", "1")
    assert mlflow.pyfunc.load_model(f"models:/{name}-production/1").predict(SEEN).tolist() == says

    def versions(filter_string, **more):
        return [(found.name, found.version) for found in mlflow.search_model_versions(filter_string=filter_string, **more)]

    assert versions(f"name = '{name}'", order_by=["version_number ASC"]) == [(name, "1"), (name, "2"), (name, "3")]
    assert versions(f"run_id = '{run.info.run_id}' and tags.`from` = 'run'") == [(name, "2")]
    assert versions(f"name LIKE '{name}%'", order_by=["name DESC"], max_results=1) == [(f"{name}-production", "1")]
    assert versions(f"source_path = 'models:/{name}/3'") == [(f"{name}-production", "1")]
    models = mlflow.search_registered_models(filter_string=f"name ILIKE '{name.upper()}%'", order_by=["name ASC"])
    assert [model.name for model in models] == [name, f"{name}-production"]
    found = mlflow.search_registered_models(filter_string=f"tags.task = 'classification' AND name = '{name}'")
    assert [model.name for model in found] == [name]

    client.delete_registered_model_alias(name, "challenger")
    client.delete_model_version_tag(name, "3", "validated")
    client.delete_registered_model_tag(name, "task")
    client.delete_model_version(name, "1")
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(name, "1")
    client.rename_registered_model(name, f"{name}-renamed")
    assert mlflow.pyfunc.load_model(f"models:/{name}-renamed@champion").predict(SEEN).tolist() == says
    for left in [f"{name}-renamed", f"{name}-production"]:
        client.delete_registered_model(left)
    assert mlflow.search_registered_models(filter_string=f"name LIKE '{name}%'") == []


def test_a_model_among_the_files_of_a_run(client, experiment, name, tmp_path):
    """As clients before MLflow 3 log models, and as people do who save them themselves."""
    model = LogisticRegression(max_iter=500).fit(X, Y)
    mlflow.sklearn.save_model(model, tmp_path / "saved", pip_requirements=["scikit-learn"])
    with mlflow.start_run() as run:
        mlflow.log_artifacts(tmp_path / "saved", "checkpoints/best")
    version = mlflow.register_model(f"runs:/{run.info.run_id}/checkpoints/best", name)
    assert version.source == f"{run.info.artifact_uri}/checkpoints/best"
    more = {"run_link": "https://ci.example/7", "tags": {"by": "CI"}, "description": "the same"}
    again = client.create_model_version(name, version.source, run.info.run_id, **more)
    assert (again.version, again.run_link, again.tags, again.description) == ("2", *more.values())
    assert client.get_model_version_download_uri(name, "2") == version.source
    for address in [f"runs:/{run.info.run_id}/checkpoints/best", f"models:/{name}/1", f"models:/{name}/latest"]:
        assert mlflow.pyfunc.load_model(address).predict(SEEN).tolist() == model.predict(SEEN).tolist()
    assert "MLmodel" in [entry.path for entry in mlflow.artifacts.list_artifacts(f"models:/{name}/1")]


def test_files_of_a_logged_model(client, experiment, tmp_path):
    (tmp_path / "up").mkdir()
    (tmp_path / "up/weights.bin").write_bytes(b"weights")
    (tmp_path / "card.md").write_text("# Card")
    model = client.create_logged_model(experiment, "net")
    client.log_model_artifacts(model.model_id, str(tmp_path / "up"))
    client.log_model_artifact(model.model_id, str(tmp_path / "card.md"))
    client.finalize_logged_model(model.model_id, "READY")
    listed = client.list_logged_model_artifacts(model.model_id)
    assert sorted((entry.path, entry.file_size) for entry in listed) == [("card.md", 6), ("weights.bin", 7)]
    mlflow.artifacts.download_artifacts(f"models:/{model.model_id}", dst_path=str(tmp_path / "down"))
    assert (tmp_path / "down/card.md").read_text() == "# Card"
    elsewhere = mlflow.create_external_model("served elsewhere", params={"endpoint": "v2"})
    assert client.get_logged_model(elsewhere.model_id).tags["mlflow.model.isExternal"] == "true"


class Doubles(mlflow.pyfunc.PythonModel):
    """A model that is code and a file."""

    def load_context(self, context):
        with open(context.artifacts["factor"]) as factor:
            self.factor = int(factor.read())

    def predict(self, context, model_input: list[int], params=None) -> list[int]:
        return [self.factor * number for number in model_input]


def test_a_model_of_ones_own_code(client, experiment, name, tmp_path):
    (tmp_path / "factor.txt").write_text("2")
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(
            name="doubles",
            python_model=Doubles(),
            artifacts={"factor": str(tmp_path / "factor.txt")},
            pip_requirements=["mlflow"],
            registered_model_name=name,
        )
    for address in [f"runs:/{run.info.run_id}/doubles", info.model_uri, f"models:/{name}/1"]:
        assert mlflow.pyfunc.load_model(address).predict([1, 21]) == [2, 42]
    assert mlflow.last_logged_model().model_id == info.model_id


def test_checkpoints_of_a_model_are_compared(client, experiment):
    """As a long training does: a logged model a checkpoint, each with metrics on a dataset."""
    rows = mlflow.data.from_pandas(X, name="holdout")
    with mlflow.start_run() as run:
        checkpoints = []
        for step in range(3):
            model = mlflow.initialize_logged_model(f"checkpoint-{step}", model_type="net", params={"depth": str(step)})
            mlflow.log_metric("acc", 0.7 + step / 10, step=step, model_id=model.model_id, dataset=rows)
            mlflow.log_model_params({"late": "yes"}, model_id=model.model_id)
            checkpoints.append(mlflow.finalize_logged_model(model.model_id, "READY").model_id)
        mlflow.log_outputs([mlflow.entities.LoggedModelOutput(checkpoints[-1], step=2)])
    (best,) = mlflow.search_logged_models(
        [experiment],
        filter_string="metrics.acc > 0.75 AND params.late = 'yes'",
        datasets=[{"dataset_name": "holdout", "dataset_digest": rows.digest}],
        order_by=[{"field_name": "metrics.acc", "ascending": False}],
        max_results=1,
        output_format="list",
    )
    assert (best.model_id, best.name, best.params["depth"], str(best.status)) == (checkpoints[2], "checkpoint-2", "2", "READY")
    assert [(metric.key, metric.dataset_name) for metric in best.metrics] == [("acc", "holdout")]
    table = mlflow.search_logged_models([experiment], order_by=[{"field_name": "name", "ascending": True}])
    assert list(table["model_id"]) == checkpoints
    stored = client.get_run(run.info.run_id)
    assert stored.outputs.model_outputs[-1].model_id == checkpoints[-1]
    client.set_logged_model_tags(checkpoints[0], {"keep": "no"})
    client.delete_logged_model_tag(checkpoints[0], "keep")
    client.delete_logged_model(checkpoints[0])
    left = mlflow.search_logged_models([experiment], filter_string="name = 'checkpoint-0'", output_format="list")
    assert left == []


def test_an_evaluation(client, logged):
    _, info, _ = logged
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(
            info.model_uri,
            X.assign(species=Y),
            targets="species",
            model_type="classifier",
            evaluator_config={"log_explainer": False, "log_model_explainability": False},
        )
    stored = client.get_run(run.info.run_id)
    assert stored.data.metrics["accuracy_score"] == result.metrics["accuracy_score"] > 0.9
    assert [one.dataset.name for one in stored.inputs.dataset_inputs] == ["dataset"]
    files = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"confusion_matrix.png", "per_class_metrics.csv"} <= files
    measured = {metric.key for metric in mlflow.get_logged_model(info.model_id).metrics}
    assert "accuracy_score" in measured

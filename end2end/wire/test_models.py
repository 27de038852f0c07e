"""Logged models and the registry."""

import uuid

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import RestException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, Y = load_iris(return_X_y=True)
REQUIREMENTS = ["scikit-learn"]


@pytest.fixture
def name():
    """A name that no other test registers."""
    return f"Blüten-{uuid.uuid4().hex[:8]}"


def log(**arguments):
    """A fitted model, logged."""
    model = LogisticRegression(max_iter=500).fit(X, Y)
    return model, mlflow.sklearn.log_model(model, pip_requirements=REQUIREMENTS, **arguments)


def test_versions_aliases_stages(client, experiment, name):
    with mlflow.start_run():
        _, first = log(name="iris", registered_model_name=name)
        _, second = log(name="iris", registered_model_name=name)
    assert (first.registered_model_version, second.registered_model_version) == ("1", "2")
    client.set_registered_model_alias(name, "champion", 1)
    client.set_model_version_tag(name, "1", "checked", "yes")
    client.update_model_version(name, "1", description="the first")
    version = client.get_model_version_by_alias(name, "champion")
    assert (version.version, version.tags, version.description) == ("1", {"checked": "yes"}, "the first")
    assert version.source == f"models:/{first.model_id}"
    with pytest.warns(FutureWarning):
        client.transition_model_version_stage(name, "2", "Production")
        assert [latest.version for latest in client.get_latest_versions(name, ["Production"])] == ["2"]
    assert mlflow.sklearn.load_model(f"models:/{name}/Production").predict(X[:3]).tolist() == [0, 0, 0]
    assert [found.version for found in client.search_model_versions(f"name = '{name}'")] == ["2", "1"]
    assert [found.name for found in client.search_registered_models(f"name LIKE '{name[:8]}%'")] == [name]
    client.delete_model_version(name, "2")
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(name, "2")
    client.rename_registered_model(name, f"{name}-renamed")
    assert client.get_model_version(f"{name}-renamed", "1").source == f"models:/{first.model_id}"
    client.delete_registered_model(f"{name}-renamed")


def test_copies_keep_the_model(client, experiment, name):
    with mlflow.start_run():
        model, _ = log(name="iris", registered_model_name=name)
    copy = client.copy_model_version(f"models:/{name}/1", f"{name}-production")
    loaded = mlflow.sklearn.load_model(f"models:/{copy.name}/{copy.version}")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_logged_models_are_found(client, experiment):
    with mlflow.start_run() as run:
        _, info = log(name="iris", params={"depth": "3"}, tags={"team": "garden"})
        mlflow.log_metric("acc", 0.9, model_id=info.model_id)

    def found(filter_string):
        models = mlflow.search_logged_models([experiment], filter_string, output_format="list")
        return [model.model_id for model in models]

    assert found("name = 'iris'") == [info.model_id]
    assert found("metrics.acc > 0.8 AND params.depth = '3' AND tags.team = 'garden'") == [info.model_id]
    assert found(f"source_run_id = '{run.info.run_id}'") == [info.model_id]
    assert found("metrics.acc > 0.95") == []
    client.set_logged_model_tags(info.model_id, {"team": "field"})
    assert mlflow.get_logged_model(info.model_id).tags["team"] == "field"
    client.delete_logged_model(info.model_id)
    assert found("name = 'iris'") == []


def test_versions_of_files_that_nobody_logged(client, name):
    """What a version points to must belong to the caller's runs: no way to read the server's own files."""
    client.create_registered_model(name)
    for source in ["file:///etc/passwd", "/etc", "mlflow-artifacts:/../x", "mlflow-artifacts:/0"]:
        with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE"):
            client.create_model_version(name, source)
    assert client.search_model_versions(f"name = '{name}'") == []


def test_autologging(client, experiment):
    mlflow.sklearn.autolog(silent=True)
    try:
        with mlflow.start_run() as run:
            LogisticRegression(max_iter=500).fit(X, Y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    stored = client.get_run(run.info.run_id)
    assert stored.data.params["max_iter"] == "500"
    assert stored.data.metrics["training_accuracy_score"] > 0.9
    assert "training_confusion_matrix.png" in [entry.path for entry in client.list_artifacts(run.info.run_id)]
    (output,) = stored.outputs.model_outputs
    assert mlflow.sklearn.load_model(f"models:/{output.model_id}").predict(X[:1]).tolist() == [0]

"""Two people, two machines, one experiment: what Runmark is for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import RestException
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

PEOPLE = Path(__file__).parent / "people"
X, Y = make_classification(n_samples=1000, n_features=20, random_state=42)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(X, Y, test_size=0.2, random_state=42)


def work(server, account) -> float:
    """Runs somebody's script on a machine of their own; answers with the accuracy it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")} | {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_TOKEN": account.token,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, PEOPLE / f"{account.name}.py"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return float(re.search(r"Accuracy: ([\d.]+)", done.stdout)[1])


def expected(c: float) -> LogisticRegression:
    """The model that a script logs."""
    return LogisticRegression(solver="liblinear", C=c, random_state=42).fit(X_TRAIN, Y_TRAIN)


def test_the_runs_of_two_people_are_compared_and_their_models_loaded(fresh, sign_in):
    alice, bob = fresh.add("alice"), fresh.add("bob")
    accuracy = {"alice": work(fresh, alice)}
    client = sign_in(fresh, alice)
    experiment = mlflow.get_experiment_by_name("Churn Prediction").experiment_id
    fresh.grant(bob, experiment, "EDIT")
    accuracy["bob"] = work(fresh, bob)

    # Alice compares.
    runs = mlflow.search_runs(experiment_names=["Churn Prediction"], order_by=["params.C"])
    assert list(runs["tags.mlflow.runName"]) == ["Alice's Initial Run", "Bob's Hyperparameter Tune"]
    assert list(runs["params.C"]) == ["0.1", "0.5"]
    assert list(runs["params.solver"]) == ["liblinear", "liblinear"]
    assert list(runs["status"]) == ["FINISHED", "FINISHED"]
    assert list(runs["metrics.accuracy"].round(4)) == [accuracy["alice"], accuracy["bob"]]

    # Either's model comes back by every name that it has, to either of them.
    for name, (run_id, c) in zip(["alice", "bob"], zip(runs["run_id"], [0.1, 0.5])):
        predictions = expected(c).predict_proba(X_TEST)
        model_id = client.get_run(run_id).outputs.model_outputs[0].model_id
        version = mlflow.register_model(f"models:/{model_id}", f"churn-{name}")
        client.set_registered_model_alias(f"churn-{name}", "best", version.version)
        addresses = [
            f"models:/{model_id}",
            f"runs:/{run_id}/model",
            f"models:/churn-{name}/{version.version}",
            f"models:/churn-{name}@best",
            f"models:/churn-{name}/latest",
        ]
        for account in [alice, bob]:
            sign_in(fresh, account)
            for address in addresses:
                loaded = mlflow.sklearn.load_model(address)
                np.testing.assert_array_equal(loaded.predict_proba(X_TEST), predictions, err_msg=address)
        sign_in(fresh, alice)

    # What Alice registered, Bob may read but not change.
    client = sign_in(fresh, bob)
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        client.delete_registered_model("churn-alice")

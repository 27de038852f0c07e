"""Libraries that log by themselves: autologging, and the callbacks of tuners and trainers."""

import uuid
from contextlib import contextmanager

import lightgbm
import mlflow
import mlflow.optuna.storage
import optuna
import pytest
import sklearn.metrics
from optuna_integration.mlflow import MLflowCallback as OptunaCallback
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import MLflowCallback as TrainerCallback

X, Y = load_iris(return_X_y=True, as_frame=True)
TWO = Y < 2


@pytest.fixture
def client(as_lise):
    return as_lise


@contextmanager
def autologging(library, **more):
    """Of one library: what was once said of it alone, `mlflow.autolog` doesn't change."""
    library.autolog(silent=True, **more)
    try:
        yield
    finally:
        library.autolog(disable=True)


def paths(client, run_id):
    return {entry.path for entry in client.list_artifacts(run_id)}


def test_scikit_learn(client, experiment):
    with autologging(mlflow.sklearn, log_input_examples=True), mlflow.start_run() as run:
        search = GridSearchCV(RandomForestClassifier(n_estimators=3, random_state=0), {"max_depth": [1, 2, 3]}, cv=2)
        search.fit(X, Y)
        sklearn.metrics.f1_score(Y, search.predict(X), average="macro")
    stored = client.get_run(run.info.run_id)
    assert (stored.data.params["best_max_depth"], stored.data.params["cv"]) == (str(search.best_params_["max_depth"]), "2")
    assert stored.data.metrics["best_cv_score"] == search.best_score_
    assert any(key.startswith("f1_score") for key in stored.data.metrics), stored.data.metrics
    assert "cv_results.csv" in paths(client, run.info.run_id)
    children = mlflow.search_runs([experiment], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert sorted(children["params.max_depth"]) == ["1", "2", "3"]
    models = {model.name: model for model in mlflow.search_logged_models([experiment], output_format="list")}
    assert {"model", "best_estimator"} <= set(models)
    best = mlflow.sklearn.load_model(f"models:/{models['best_estimator'].model_id}")
    assert best.predict(X).tolist() == search.predict(X).tolist()
    assert {one.dataset.name for one in stored.inputs.dataset_inputs} == {"dataset"}


def test_lightgbm(client, experiment):
    rows = lightgbm.Dataset(X[TWO], label=Y[TWO], free_raw_data=False)
    settings = {"objective": "binary", "metric": ["binary_logloss", "auc"], "num_leaves": 4, "verbose": -1, "num_threads": 1}
    with autologging(mlflow.lightgbm), mlflow.start_run() as run:
        booster = lightgbm.train(settings, rows, num_boost_round=20, valid_sets=[rows], valid_names=["train"])
    stored = client.get_run(run.info.run_id)
    assert (stored.data.params["num_leaves"], stored.data.params["num_boost_round"]) == ("4", "20")
    history = client.get_metric_history(run.info.run_id, "train-binary_logloss")
    assert [point.step for point in history] == list(range(20))
    assert history[-1].value < history[0].value
    assert {"feature_importance_gain.json", "feature_importance_split.png"} <= paths(client, run.info.run_id)
    (output,) = stored.outputs.model_outputs
    loaded = mlflow.lightgbm.load_model(f"models:/{output.model_id}")
    assert loaded.predict(X[TWO]).tolist() == booster.predict(X[TWO]).tolist()


def test_a_study_of_optuna(client, lise):
    """A run a trial, within a run of the study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    name = f"study {uuid.uuid4().hex[:8]}"
    callback = OptunaCallback(metric_name="loss", mlflow_kwargs={"nested": True}, tag_study_user_attrs=True)
    study = optuna.create_study(study_name=name, sampler=optuna.samplers.RandomSampler(seed=1))
    study.set_user_attr("team", "garden")

    @callback.track_in_mlflow()
    def objective(trial):
        x, kind = trial.suggest_float("x", -10, 10), trial.suggest_categorical("kind", ["a", "b"])
        mlflow.log_metric("halfway", x / 2)
        return x**2 + (kind == "a")

    experiment = mlflow.set_experiment(name).experiment_id
    with mlflow.start_run(run_name="study") as parent:
        study.optimize(objective, n_trials=8, callbacks=[callback])
    trials = mlflow.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.loss ASC"])
    assert len(trials) == 8
    best = trials.iloc[0]
    assert (best["metrics.loss"], best["params.kind"]) == (study.best_value, study.best_params["kind"])
    assert (float(best["params.x"]), best["metrics.halfway"]) == (study.best_params["x"], study.best_params["x"] / 2)
    assert (best["tags.state"], best["tags.direction"], best["tags.team"]) == ("COMPLETE", "MINIMIZE", "garden")


def test_a_study_that_is_kept_here(client, experiment):
    """MLflow's own storage for Optuna: studies and trials are runs, and a second process goes on with them."""
    storage = mlflow.optuna.storage.MlflowStorage(experiment_id=experiment, batch_flush_interval=0.2)
    study = optuna.create_study(study_name="kept", storage=storage, direction="maximize")
    study.optimize(lambda trial: -((trial.suggest_float("x", 0, 1) - 0.5) ** 2), n_trials=4)
    storage.flush_all_batches()
    again = optuna.load_study(study_name="kept", storage=mlflow.optuna.storage.MlflowStorage(experiment_id=experiment))
    assert (len(again.trials), again.best_value) == (4, study.best_value)
    again.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(again.trials) == 6


def test_a_trainer_of_transformers(client, experiment, tmp_path):
    """Its callback, called as the trainer does, which would need PyTorch."""
    settings = TrainingArguments(output_dir=str(tmp_path), run_name="fine-tune", report_to=[], use_cpu=True)
    state, control, callback = TrainerState(max_steps=30), TrainerControl(), TrainerCallback()
    callback.on_train_begin(settings, state, control)
    run_id = mlflow.active_run().info.run_id
    for state.global_step in range(10, 40, 10):
        logs = {"loss": 1 / state.global_step, "grad_norm": float("nan"), "eval_f1(macro)": 0.5, "epoch": state.global_step / 10}
        callback.on_log(settings, state, control, logs)
    callback.on_train_end(settings, state, control)
    mlflow.flush_async_logging()
    stored = client.get_run(run_id)
    assert (stored.info.status, stored.info.run_name) == ("FINISHED", "fine-tune")
    assert len(stored.data.params) > 90
    assert (stored.data.params["learning_rate"], stored.data.params["output_dir"]) == ("5e-05", str(tmp_path))
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [10, 20, 30]
    assert stored.data.metrics["eval_f1_macro_"] == 0.5 and stored.data.metrics["grad_norm"] != stored.data.metrics["grad_norm"]

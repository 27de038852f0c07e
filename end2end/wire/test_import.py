"""Moving in from MLflow's own stores, and out again: what MLflow's client says of the old place and of the new one is the same.

Start reading: `furnish`, which fills an MLflow with odd things, and `check_same`. RUNMARK_IMPORT_RUNS says how many runs of 1,000
points the import is measured with (1000 of them must take less than a minute with a release build).
"""

import math
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest
import requests
import sqlalchemy
from conftest import database
from mlflow.entities import (
    AssessmentSource,
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    SpanEvent,
    SpanType,
    ViewType,
)
from runmark import BINARY, Server, running

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.sides import mlflow as server_of_mlflow  # noqa: E402

RUNS = int(os.environ.get("RUNMARK_IMPORT_RUNS", "60"))
POINTS = 1000
PASSWORD = "correct horse battery"


# -- an MLflow with odd things in it


def furnish(client: mlflow.MlflowClient, files: Path, is_folder: bool = False):
    """Experiments, runs, models and versions, with names, values and states that are easily lost."""
    # It resolves models:/ with the client of the process.
    mlflow.set_tracking_uri(client.tracking_uri)
    location = None if is_folder else f"file://{files}/odd"
    # In a folder it can't look for names with such quotes.
    quotes = "" if is_folder else "'single' "
    odd = client.create_experiment(f'odd: {quotes}"double" é/日本 🎉 - #', artifact_location=location)
    client.set_experiment_tag(odd, "mlflow.note.content", "two\nlines: - #")
    parent = client.create_run(odd, run_name="yes", start_time=1_600_000_000_000).info.run_id
    child = client.create_run(odd, tags={"mlflow.parentRunId": parent}, run_name="12").info.run_id
    client.log_batch(
        parent,
        metrics=[
            Metric("loss", math.nan, 5, 0),
            Metric("loss", math.inf, 6, 1),
            Metric("loss", -math.inf, 7, 2),
            Metric("loss", 0.1, 8, 3),
            Metric("loss", 0.1, 8, 3),
            Metric("system/cpu é", 1e-300, 0, -5),
        ],
        params=[Param("model/depth", "3"), Param("empty", ""), Param("long", "x" * 5000)],
        tags=[RunTag("a.b", "c\nd"), RunTag("unit", "µs")],
    )
    client.log_batch(child, metrics=[Metric("m", step / 7, 1000 + step, step) for step in range(500)])
    dataset = Dataset("my data", "d1", "local", '{"uri": "x"}', '{"a": "long"}', None)
    client.log_inputs(parent, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    model = client.create_logged_model(odd, "lm", parent, tags={"t": "1"}, params={"p": "2"}, model_type="agent")
    client.log_outputs(parent, [LoggedModelOutput(model.model_id, 4)])
    client.log_inputs(child, models=[LoggedModelInput(model.model_id)])
    client.log_metric(parent, "acc", 0.5, timestamp=9, step=1, model_id=model.model_id)
    client.finalize_logged_model(model.model_id, "READY")
    artifacts = Path(client.get_run(parent).info.artifact_uri.removeprefix("file://"))
    (artifacts / "sub").mkdir(parents=True, exist_ok=True)
    (artifacts / "sub/é 1.bin").write_bytes(os.urandom(3_000_000))
    (artifacts / "empty.txt").write_bytes(b"")
    client.set_terminated(parent, "FAILED", end_time=1_600_000_100_000)
    gone = client.create_run(odd, run_name="gone").info.run_id
    client.log_metric(gone, "m", 1.0, timestamp=1, step=0)
    client.delete_run(gone)
    trash = client.create_experiment("in the trash")
    client.create_run(trash)
    client.delete_experiment(trash)
    client.create_registered_model("rég 1", tags={"z": "1"}, description="de\nsc: 'x'")
    for number in range(3):
        source = f"{artifacts}/sub" if number else f"models:/{model.model_id}"
        client.create_model_version("rég 1", source, parent, tags={"n": str(number)}, description="v")
    client.delete_model_version("rég 1", "2")
    client.set_registered_model_alias("rég 1", "champion", "3")
    with pytest.warns(FutureWarning):
        client.transition_model_version_stage("rég 1", "1", "Staging")
    client.create_registered_model("without versions")
    return parent


def fill(address: str, client: mlflow.MlflowClient, runs: int):
    """Many runs with many points, written straight into MLflow's tables, since its client would take minutes."""
    experiment = client.create_experiment("large")
    ids = [client.create_run(experiment).info.run_id for _ in range(runs)]
    row = "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (:k, :v, :t, :r, :s, :n)"
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        for number, run in enumerate(ids):
            rows = [
                {"k": f"m{step % 10}", "v": number + step / 3, "t": step, "r": run, "s": step, "n": False}
                for step in range(POINTS)
            ]
            connection.execute(sqlalchemy.text(row), rows)
            last = list({point["k"]: point for point in rows}.values())
            connection.execute(sqlalchemy.text(row.replace("INTO metrics", "INTO latest_metrics")), last)
    engine.dispose()


@contextmanager
def old_place(kind: str, folder: Path, runs: int = 0):
    """An MLflow database with all that, and its client."""
    folder.mkdir()
    with database(kind, folder) as address:
        client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
        furnish(client, folder / "artifacts")
        if runs:
            fill(address, client, runs)
        yield address, client


# -- and one that watches over an agent


@mlflow.trace(name="chat", span_type=SpanType.AGENT)
def chat(question: str) -> int:
    mlflow.update_current_trace(metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "lise"})
    with mlflow.start_span("think", span_type=SpanType.LLM) as span:
        span.set_inputs({"question": question, "é": [1, 2.5, True, "日本 🎉"]})
        span.set_attribute("model", "gpt-none")
        span.set_attribute("losses", [0.5, math.inf])
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12})
        span.add_event(SpanEvent("token", attributes={"n": 1}))
        span.set_outputs({"answer": 42})
    return 42


@mlflow.trace
def fail():
    raise ValueError("no answer")


def last_trace() -> str:
    mlflow.flush_trace_async_logging()
    return mlflow.get_last_active_trace_id()


@pytest.fixture
def watch(monkeypatch, tmp_path):
    """Makes traces in a place: of a run, linked to a run, failed, and in the trash, with what was thought of them. Their ids."""

    def watch(client: mlflow.MlflowClient, links: bool = True) -> list[str]:
        mlflow.set_tracking_uri(client.tracking_uri)
        mlflow.tracing.reset()
        agents = client.create_experiment("agents")
        mlflow.set_experiment(experiment_id=agents)
        with mlflow.start_run():
            chat("why?")
            of_run = last_trace()
        linked = client.create_run(agents, run_name="evaluation").info.run_id
        chat("how?")
        alone = last_trace()
        with pytest.raises(ValueError, match="no answer"):
            fail()
        failed = last_trace()
        if links:
            client.link_traces_to_run([alone, failed], linked)
        client.set_trace_tag(of_run, "team", "two\nlines: - #")
        human = AssessmentSource(source_type="HUMAN", source_id="alice")
        good = mlflow.log_feedback(
            trace_id=of_run, name="good", value=True, source=human, rationale="it is", metadata={"round": "1"}
        )
        mlflow.log_feedback(trace_id=of_run, name="broken", error=ValueError("no judge"), source=human)
        mlflow.log_expectation(trace_id=of_run, name="answer", value={"number": 42}, source=human)
        mlflow.override_feedback(trace_id=of_run, assessment_id=good.assessment_id, value=False, source=human)
        mlflow.log_feedback(trace_id=alone, name="score", value=0.75, source=human)
        trash = client.create_experiment("agents of old")
        mlflow.set_experiment(experiment_id=trash)
        chat("when?")
        gone = last_trace()
        client.delete_experiment(trash)
        mlflow.tracing.reset()
        return [of_run, alone, failed, gone]

    # MLflow's databases have their files where they are made.
    monkeypatch.chdir(tmp_path)
    # Which experiment is chosen is nothing that other tests should find.
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    yield watch
    mlflow.tracing.reset()


@pytest.fixture
def allow_folders(monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


# -- the same here and there


def number(value: float):
    """MLflow's databases hold the greatest number there is in the place of infinity."""
    if math.isnan(value):
        return "nan"
    return math.copysign(math.inf, value) if abs(value) > 1.79e308 else value


def runs_of(client, experiment):
    runs = {}
    found = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=5000)
    for run in found:
        info = run.info
        # What MLflow finds lacks the models that a run used.
        inputs = client.get_run(info.run_id).inputs if len(found) < 100 else run.inputs
        runs[info.run_id] = {
            "info": (info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage, info.user_id),
            "params": run.data.params,
            "tags": run.data.tags,
            "datasets": sorted(
                (d.dataset.name, d.dataset.digest, d.dataset.source, d.dataset.schema, tuple(t.value for t in d.tags))
                for d in run.inputs.dataset_inputs
            ),
            "used": sorted(model.model_id for model in inputs.model_inputs),
            "made": sorted((model.model_id, model.step) for model in run.outputs.model_outputs),
            "metrics": sorted(run.data.metrics),
        }
    return runs


def histories(client, runs, most=10):
    for run, told in sorted(runs.items())[:most]:
        for key in told["metrics"]:
            history = client.get_metric_history(run, key)
            points = {(point.timestamp, point.step, number(point.value)) for point in history}
            # Folders hold lines that were logged twice, twice.
            assert len(points) == len(history) or client.tracking_uri.startswith("/"), f"{key} of {run}"
            yield (run, key), points


def models_of(client, experiment):
    models = client.search_logged_models([experiment.experiment_id])
    return {
        model.model_id: (
            model.name, str(model.status), model.model_type, model.source_run_id, model.params,
            {key: value for key, value in model.tags.items() if not key.startswith("mlflow.")},
            sorted((metric.key, metric.value, metric.step, metric.run_id) for metric in model.metrics or []),
        )
        for model in models
    }


def registry_of(client):
    told = {}
    for model in client.search_registered_models():
        versions = client.search_model_versions("name = '" + model.name + "'")
        told[model.name] = (
            model.description or "",
            model.tags,
            {alias: int(version) for alias, version in model.aliases.items()},
            model.creation_timestamp,
            sorted(
                (int(v.version), v.current_stage, v.description or "", v.run_id, sorted(v.tags.items()), v.creation_timestamp)
                for v in versions
            ),
        )
    return told


def experiments_of(client):
    return {found.name: found for found in client.search_experiments(view_type=ViewType.ALL)}


def told_by(client):
    """All that a client says of a place."""
    told = {}
    for name, experiment in experiments_of(client).items():
        runs = runs_of(client, experiment)
        told[name] = {
            "state": experiment.lifecycle_stage,
            "tags": experiment.tags,
            # Every place has one of its own.
            "created": None if name == "Default" else experiment.creation_time,
            "runs": runs,
            "histories": dict(histories(client, runs)),
            "models": models_of(client, experiment),
        }
    return told, registry_of(client)


def trace_of(client, trace_id: str):
    """What a client says of a trace, but where its files and its spans are."""
    trace = client.get_trace(trace_id)
    info = trace.info
    own = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")
    return {
        "info": (info.request_time, info.execution_duration, str(info.state), info.client_request_id),
        "previews": (info.request_preview, info.response_preview),
        "tags": {key: value for key, value in info.tags.items() if key not in own},
        "metadata": info.trace_metadata,
        "assessments": {said.assessment_id: assessment_of(said) for said in info.assessments},
        "spans": {
            span.span_id: {
                "parent": span.parent_id,
                "what": (span.name, span.span_type, span.status.status_code.value, span.status.description),
                "times": (span.start_time_ns, span.end_time_ns),
                "attributes": span.attributes,
                "events": [(event.name, event.timestamp, dict(event.attributes)) for event in span.events],
            }
            for span in trace.data.spans
        },
    }


def assessment_of(said):
    value, error = (said.feedback or said.expectation).value, said.feedback and said.feedback.error
    return {
        "what": (said.name, value, error and (error.error_code, error.error_message, error.stack_trace)),
        "who": (said.source.source_type, said.source.source_id),
        "why": (said.rationale, said.metadata or {}),
        "overrides": (said.overrides, said.valid is not False),
        "times": (said.create_time_ms, said.last_update_time_ms),
    }


def traces_linked(client):
    """The traces of each run of the agents."""
    agents = client.get_experiment_by_name("agents").experiment_id
    runs = [run.info.run_id for run in client.search_runs([agents])]
    found = {run: client.search_traces(locations=[agents], run_id=run, include_spans=False) for run in runs}
    return {run: sorted(trace.info.trace_id for trace in traces) for run, traces in found.items()}


def traces_told(client, ids: list[str], links: bool = True):
    # What is decorated goes where the process points.
    mlflow.set_tracking_uri(client.tracking_uri)
    told = {trace: trace_of(client, trace) for trace in ids}
    return told | ({"links": traces_linked(client)} if links else {})


def check_same(old, new):
    there, here = (told if isinstance(told, tuple) else told_by(told) for told in (old, new))
    assert sorted(differing(there, here)) == []


def differing(there, here, place=""):
    """Where two nested things differ, and how."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in there.keys() | here.keys():
            yield from differing(there.get(key, "nothing"), here.get(key, "nothing"), f"{place} / {key}")
    elif isinstance(there, tuple) and isinstance(here, tuple) and len(there) == len(here):
        for number, (one, other) in enumerate(zip(there, here)):
            yield from differing(one, other, f"{place} / {number}")
    elif there != here:
        yield f"{place}: {there!r} there, {here!r} here"


def moves_in(server: Server, address: str, *flags: str) -> str:
    """The report of an import in which everything arrives."""
    done = server.run("import", "mlflow", "--from", address, *flags)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "differ" not in done.stdout, done.stdout
    return done.stdout


def counted(report: str, kind: str) -> list[int]:
    return [int(count) for count in re.search(rf"^{kind} +(\d+) *(\d*)", report, re.M).groups() if count]


# -- the tests


def test_a_database_moves_in_and_doing_it_again_doubles_nothing(kind, fresh, tmp_path, sign_in):
    with old_place(kind, tmp_path / "old") as (address, old):
        dry = fresh.run("import", "mlflow", "--from", address, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        new = sign_in(fresh, fresh.admin)
        assert set(experiments_of(new)) == {"Default"}
        report = moves_in(fresh, address)
        assert counted(report, "points of metrics")[0] == counted(dry.stdout, "points of metrics")[0]
        assert "Artifacts stay where they are" in report
        check_same(old, new)
        ids = {name: found.experiment_id for name, found in experiments_of(old).items()}
        assert {name: found.experiment_id for name, found in experiments_of(new).items()} == ids
        assert moves_in(fresh, address).split("\n\n")[0] == report.split("\n\n")[0]
        check_same(old, new)
        # Numbers of experiments and versions go on behind those that came.
        assert int(new.create_experiment("after that")) > max(map(int, ids.values()))
        assert new.create_model_version("rég 1", "s3://bucket/x").version == "4"


def test_files_come_along(fresh, tmp_path, sign_in):
    with old_place("sqlite", tmp_path / "old") as (address, old):
        for _ in range(2):
            report = moves_in(fresh, address, "--artifacts", "copy")
            assert counted(report, "artifacts, files") == [2, 2]
            assert counted(report, "artifacts, bytes") == [3_000_000, 3_000_000]
        new = sign_in(fresh, fresh.admin)
        odd = next(found for name, found in experiments_of(new).items() if name.startswith("odd"))
        run = next(run for run in new.search_runs([odd.experiment_id]) if run.info.run_name == "yes")
        assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
        path = new.download_artifacts(run.info.run_id, "sub/é 1.bin", tmp_path)
        original = old.download_artifacts(run.info.run_id, "sub/é 1.bin")
        assert Path(path).read_bytes() == Path(original).read_bytes()
        version = new.get_model_version("rég 1", "3")
        assert version.source == f"{run.info.artifact_uri}/sub"
        # What was copied is here, whatever becomes of the old files.
        shutil.rmtree(tmp_path / "old/artifacts")
        moves_in(fresh, address, "--artifacts", "copy")
        assert new.get_run(run.info.run_id).info.artifact_uri == run.info.artifact_uri
        assert new.get_model_version("rég 1", "3").source == version.source


def test_folders_that_are_not_here_stay_where_they_are(fresh, tmp_path, sign_in):
    with old_place("sqlite", tmp_path / "old") as (address, old):
        shutil.rmtree(tmp_path / "old/artifacts")
        report = moves_in(fresh, address, "--artifacts", "copy")
        assert "Artifacts stay where they are" in report
        new = sign_in(fresh, fresh.admin)
        odd = next(found for name, found in experiments_of(new).items() if name.startswith("odd"))
        for run in new.search_runs([odd.experiment_id]):
            assert run.info.artifact_uri == old.get_run(run.info.run_id).info.artifact_uri
        done = fresh.run("import", "mlflow", "--from", address, "--artifacts-folder", str(tmp_path / "nowhere"))
        assert done.returncode == 1 and "nowhere" in done.stderr, done.stderr


def test_a_folder_of_runs_moves_in_and_out_again(fresh, tmp_path, sign_in, allow_folders):
    folder = tmp_path / "mlruns"
    old = mlflow.MlflowClient(tracking_uri=str(folder), registry_uri=str(folder))
    furnish(old, tmp_path, is_folder=True)
    moves_in(fresh, str(folder), "--artifacts", "copy")
    new = sign_in(fresh, fresh.admin)
    check_same(old, new)
    out = tmp_path / "out"
    done = fresh.run("export", "--to", str(out))
    assert done.returncode == 0, done.stderr
    assert "Not written" not in done.stdout, done.stdout
    left = mlflow.MlflowClient(tracking_uri=str(out), registry_uri=str(out))
    check_same(new, left)
    odd = next(found for name, found in experiments_of(left).items() if name.startswith("odd"))
    run = next(run for run in left.search_runs([odd.experiment_id]) if run.info.run_name == "yes")
    files = Path(run.info.artifact_uri)
    assert (files / "sub/é 1.bin").stat().st_size == 3_000_000
    assert (files / "empty.txt").is_file()
    assert fresh.run("export", "--to", str(out)).returncode == 1, "a folder with something in it is left alone"
    # And in again, elsewhere.
    folder = tmp_path / "second"
    folder.mkdir()
    with database("sqlite", folder) as address, running(folder / "server", address) as second:
        moves_in(second, str(out))
        check_same(left, sign_in(second, second.admin))


def test_a_server_moves_in(fresh, tmp_path, sign_in):
    with old_place("sqlite", tmp_path / "old") as (address, _):
        moves_in(fresh, address, "--artifacts", "copy")
    there = told_by(sign_in(fresh, fresh.admin))
    folder = tmp_path / "second"
    folder.mkdir()
    with database("sqlite", folder) as address, running(folder / "server", address) as second:
        source = fresh.url.replace("//", f"//admin:{fresh.password}@")
        report = moves_in(second, source, "--artifacts", "copy")
        assert counted(report, "artifacts, files") == [2, 2]
        check_same(there, sign_in(second, second.admin))


def test_a_server_of_mlflow_moves_in(kind, fresh, tmp_path, sign_in):
    with old_place(kind, tmp_path / "old") as (address, old), server_of_mlflow(tmp_path / "mlflow", address) as url:
        # What a server says opens no folder of this machine, but one that is named.
        report = moves_in(fresh, url, "--artifacts", "copy")
        assert "artifacts, files" not in report and "Artifacts stay where they are" in report
        new = sign_in(fresh, fresh.admin)
        check_same(old, new)
        folder = str(tmp_path / "old/artifacts")
        report = moves_in(fresh, url, "--artifacts", "copy", "--artifacts-folder", folder)
        assert counted(report, "artifacts, files") == [2, 2]
        check_same(old, new)


# What comes of them: kinds of the report, with how many.
OF_TRACES = {"traces": 4, "spans of traces": 7, "assessments": 5}


def check_counts(report: str, links: int | None = None):
    for kind, count in OF_TRACES.items():
        assert set(counted(report, kind)) == {count}, report
    if links is not None:
        assert set(counted(report, "runs, prompts of traces")) == {links}, report


def test_traces_of_a_database_move_in_once(kind, fresh, tmp_path, sign_in, watch):
    folder = tmp_path / "old"
    folder.mkdir()
    with database(kind, folder) as address:
        old = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
        ids = watch(old)
        there = traces_told(old, ids)
        dry = fresh.run("import", "mlflow", "--from", address, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        check_counts(dry.stdout, links=2)
        reports = [moves_in(fresh, address)]
        new = sign_in(fresh, fresh.admin)
        assert sorted(differing(there, traces_told(new, ids))) == []
        new.set_trace_tag(ids[0], "team", "changed here")
        reports.append(moves_in(fresh, address))
        for report in reports:
            check_counts(report, links=2)
        assert reports[0].split("\n\n")[0] == reports[1].split("\n\n")[0]
        assert new.get_trace(ids[0]).info.tags["team"] == "changed here"
        new.set_trace_tag(ids[0], "team", "two\nlines: - #")
        assert sorted(differing(there, traces_told(new, ids))) == []


def test_spans_that_can_not_be_read_are_told(fresh, tmp_path, watch):
    folder = tmp_path / "old"
    folder.mkdir()
    with database("sqlite", folder) as address:
        trace = watch(mlflow.MlflowClient(tracking_uri=address, registry_uri=address))[0]
        engine = sqlalchemy.create_engine(address)
        with engine.begin() as connection:
            broken = "UPDATE spans SET content = 'no JSON' WHERE parent_span_id IS NOT NULL AND trace_id = :id"
            connection.execute(sqlalchemy.text(broken), {"id": trace})
        engine.dispose()
        for _ in range(2):
            done = fresh.run("import", "mlflow", "--from", address)
            assert done.returncode == 1, done.stdout
            assert counted(done.stdout, "spans of traces") == [7, 6], done.stdout
            assert f"trace {trace}: a span is none that can be read" in done.stdout
            assert counted(done.stdout, "traces") == [4, 4]


def test_traces_of_a_folder_move_in(fresh, tmp_path, sign_in, allow_folders, watch):
    folder = tmp_path / "mlruns"
    old = mlflow.MlflowClient(tracking_uri=str(folder), registry_uri=str(folder))
    ids = watch(old, links=False)
    # In a folder MLflow doesn't find what is in the trash.
    there = traces_told(old, ids[:3], links=False)
    for _ in range(2):
        check_counts(moves_in(fresh, str(folder)))
        new = sign_in(fresh, fresh.admin)
        assert sorted(differing(there, traces_told(new, ids[:3], links=False))) == []
    assert len(new.get_trace(ids[3]).data.spans) == 2
    out = tmp_path / "out"
    done = fresh.run("export", "--to", str(out))
    assert done.returncode == 0, done.stderr
    check_counts(done.stdout)
    left = mlflow.MlflowClient(tracking_uri=str(out), registry_uri=str(out))
    assert sorted(differing(there, traces_told(left, ids[:3], links=False))) == []
    second = tmp_path / "second"
    second.mkdir()
    with database("sqlite", second) as address, running(second / "server", address) as server:
        check_counts(moves_in(server, str(out)))
        again = traces_told(sign_in(server, server.admin), ids[:3], links=False)
        assert sorted(differing(there, again)) == []
    # A folder that was moved has its spans still beside their traces.
    moved = tmp_path / "moved"
    folder.rename(moved)
    check_counts(moves_in(fresh, str(moved)))


def test_traces_of_servers_move_in(fresh, tmp_path, sign_in, watch):
    folder = tmp_path / "old"
    folder.mkdir()
    with database("sqlite", folder) as address:
        old = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
        ids = watch(old)
        there = traces_told(old, ids)
        with server_of_mlflow(tmp_path / "mlflow", address) as url:
            for _ in range(2):
                # The trace of a run is found with those that were linked.
                check_counts(moves_in(fresh, url), links=3)
    new = sign_in(fresh, fresh.admin)
    assert sorted(differing(there, traces_told(new, ids))) == []
    # And from here to another one.
    folder = tmp_path / "second"
    folder.mkdir()
    with database("sqlite", folder) as address, running(folder / "server", address) as second:
        source = fresh.url.replace("//", f"//admin:{fresh.password}@")
        check_counts(moves_in(second, source), links=3)
        assert sorted(differing(there, traces_told(sign_in(second, second.admin), ids))) == []


def permissions_of(server: Server, name: str):
    """What somebody was given, also by their groups."""
    path = f"{server.url}/api/3.0/mlflow/users/permissions/list"
    answer = requests.get(path, params={"username": name}, headers=server.admin.headers, timeout=30)
    held = answer.json()["permissions"]
    return {(one["resource_type"], one["resource_pattern"], one["permission"]) for one in held}


def test_people_move_in_without_passwords(fresh, tmp_path):
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    address = f"sqlite:///{tmp_path}/basic_auth.db"
    store = SqlAlchemyStore()
    store.init_db(address)
    store.create_user("alice", PASSWORD)
    store.create_user("root", PASSWORD, is_admin=True)
    with old_place("sqlite", tmp_path / "old") as (tracking, _):
        store.create_experiment_permission("1", "alice", "EDIT")
        team = store.create_role("team", "default")
        store.assign_role_to_user(store.get_user("alice").id, team.id)
        store.add_role_permission(team.id, "registered_model", "rég 1", "MANAGE")
        # Another workspace has roles and models of its own, by the same names.
        elsewhere = store.create_role("team", "elsewhere")
        store.assign_role_to_user(store.get_user("root").id, elsewhere.id)
        store.add_role_permission(elsewhere.id, "registered_model", "rég 1", "READ")
        first = moves_in(fresh, tracking, "--auth-database", address)
        team_manages = ("registered_model", "rég 1", "MANAGE")
        assert permissions_of(fresh, "alice") == {("experiment", "1", "EDIT"), team_manages}
        fresh.say("grant", "--user", "alice", "--experiment", "1", "READ")
        reports = [first, moves_in(fresh, tracking, "--auth-database", address)]
        # What was changed here since stays.
        assert permissions_of(fresh, "alice") == {("experiment", "1", "READ"), team_manages}
    for report in reports:
        assert counted(report, "accounts") == [2, 2]
        assert counted(report, "permissions") == [2, 2]
    assert ["Passwords can't be taken along" in report for report in reports] == [True, False]
    assert "alice, root" in reports[0]
    assert fresh.say("group", "list") == "team: alice"
    listed = fresh.say("user", "list").splitlines()
    assert any(line.startswith("alice\tuser") for line in listed), listed
    assert any(line.startswith("root\tadmin") for line in listed), listed


def test_an_import_that_was_killed_goes_on(kind, fresh, tmp_path, sign_in):
    with old_place(kind, tmp_path / "old", RUNS) as (address, old):
        store = ["--backend-store-uri", fresh.database, "--artifacts-destination", str(fresh.artifacts)]
        for after in (0.3, 0.8, 1.5):
            process = subprocess.Popen(
                [BINARY, "import", "mlflow", "--from", address, *store],
                cwd=fresh.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(after)
            process.kill()
            process.wait()
        begun = time.monotonic()
        report = moves_in(fresh, address)
        print(f"{RUNS} runs of {POINTS} points: {time.monotonic() - begun:.1f} s")
        found = counted(report, "points of metrics")
        assert found[0] == found[1] and found[0] > RUNS * POINTS
        check_same(old, sign_in(fresh, fresh.admin))


def test_what_is_no_mlflow_is_refused_in_words(fresh, tmp_path):
    def check(address: str, *words: str):
        done = fresh.run("import", "mlflow", "--from", address)
        assert done.returncode == 1
        for word in words:
            assert word in done.stderr, done.stderr

    check(f"sqlite:///{tmp_path}/nothing.db", "there is no database")
    check("mysql://localhost/mlflow", "http://")
    check(str(tmp_path), "meta.yaml")
    other = tmp_path / "other.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{other}")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(sqlalchemy.text("INSERT INTO alembic_version VALUES ('from the future')"))
    check(f"sqlite:///{other}", "from the future", "http://")

"""Runmark as the MLflow client meets it. Every test runs against SQLite and against Postgres.

Start reading: `server` (shared by most tests), `fresh` (one of a test's own), `sign_in` (whom the client speaks for).
"""

import os
import re
import subprocess
import uuid
from contextlib import contextmanager

import pytest

# Before the client is imported: it reads some of these only once.
os.environ.update(
    {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "GIT_PYTHON_REFRESH": "quiet",
        "MPLBACKEND": "Agg",
        "HF_HUB_OFFLINE": "1",
    }
)

import mlflow  # noqa: E402

from mlflow.server.auth.client import AuthServiceClient  # noqa: E402

from runmark import Account, Person, Server, running  # noqa: E402


def pytest_configure(config):
    if "RUNMARK_TEST_POSTGRES" not in os.environ:
        raise pytest.UsageError("RUNMARK_TEST_POSTGRES names no Postgres; `cargo xtask test --only wire` starts one.")


@contextmanager
def database(kind: str, folder):
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/runmark.db"
        return
    postgres = os.environ["RUNMARK_TEST_POSTGRES"]
    name = f"wire_{uuid.uuid4().hex[:12]}"

    def psql(statement: str):
        subprocess.run(["psql", "--quiet", "--command", statement, postgres], check=True)

    psql(f"CREATE DATABASE {name}")
    try:
        # As MLflow writes it; `postgres://` is the same to everybody else.
        yield re.sub(r"^postgres:", "postgresql:", re.sub(r"/[^/]*$", f"/{name}", postgres))
    finally:
        psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def kind(request):
    """Which database."""
    return request.param


@pytest.fixture(scope="session")
def server(kind, tmp_path_factory):
    """A server for all tests that need none of their own."""
    folder = tmp_path_factory.mktemp(kind)
    with database(kind, folder) as address, running(folder / "server", address) as server:
        yield server


@pytest.fixture
def fresh(kind, tmp_path):
    """A server that nobody else has used."""
    with database(kind, tmp_path) as address, running(tmp_path / "server", address) as server:
        yield server


@pytest.fixture
def sign_in(monkeypatch):
    """Lets the client of this process speak for somebody."""

    def sign_in(server: Server, account: Account):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", account.token)
        mlflow.set_tracking_uri(server.url)
        mlflow.set_registry_uri(server.url)
        return mlflow.MlflowClient()

    yield sign_in
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def client(server, sign_in):
    """The client, as the admin of the shared server."""
    return sign_in(server, server.admin)


@pytest.fixture(scope="session")
def lise(server):
    """Somebody who is no admin, with a password and a token."""
    name, password = "lise", f"the password of {uuid.uuid4().hex}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", server.admin.token)
        AuthServiceClient(server.url).create_user(name, password)
    token = server.say("token", "create", "--user", name)
    server.secrets |= {password, token}
    return Person(name, token, password)


@pytest.fixture
def as_lise(server, sign_in, lise, monkeypatch):
    """The client, as somebody who signs in with name and password and is no admin."""
    sign_in(server, lise)
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", lise.name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", lise.password)
    return mlflow.MlflowClient()


@pytest.fixture
def experiment(client, request):
    """An experiment of the test's own, chosen for its runs."""
    return mlflow.set_experiment(f"{request.node.name} {uuid.uuid4().hex[:6]}").experiment_id

"""Names and passwords of an LDAP server."""

import mlflow
import pytest
import requests

from conftest import database
from directory import BASE, PEOPLE, READER, READER_PASSWORD, directory_in
from runmark import check_refusal, running

FLAGS = [
    *["--ldap-bind-dn", READER, "--ldap-base", f"ou=people,{BASE}"],
    *["--ldap-group-base", f"ou=groups,{BASE}", "--ldap-admin-group", "ops"],
]


@pytest.fixture
def directory(tmp_path):
    with directory_in(tmp_path / "directory") as directory:
        yield directory


@pytest.fixture
def asking(kind, tmp_path, directory, monkeypatch):
    """Starts servers that ask the directory at this address."""
    monkeypatch.setenv("SSL_CERT_FILE", directory.authority)
    monkeypatch.setenv("RUNMARK_LDAP_BIND_PASSWORD", READER_PASSWORD)
    open_servers = []

    def asking(address, *flags):
        store = database(kind, tmp_path)
        running_server = running(tmp_path / "server", store.__enter__(), "--ldap-url", address, *FLAGS, *flags)
        server = running_server.__enter__()
        open_servers.extend([store, running_server])
        server.secrets |= {READER_PASSWORD, *PEOPLE.values()}
        return server

    yield asking
    for context in reversed(open_servers):
        context.__exit__(None, None, None)


def knock(server, name, password) -> requests.Session | None:
    """Signs in by the form; nobody if it isn't let in."""
    browser = requests.Session()
    form = {"name": name, "password": password, "next": "/experiments"}
    headers = {"Origin": server.url, "Accept": "text/html"}
    answer = browser.post(f"{server.url}/ui/sign_in", data=form, headers=headers, allow_redirects=False, timeout=30)
    return browser if answer.headers.get("location") == "/experiments" else None


def call(server, name, password) -> requests.Response:
    """A call of the protocol by name and password."""
    address = f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    return requests.get(address, auth=(name.encode(), password.encode()), timeout=30)


@pytest.mark.parametrize("scheme", ["ldaps", "ldap and StartTLS", "ldap in plain text"])
def test_people_come_in_with_the_password_of_the_directory(asking, directory, scheme):
    address = directory.secured if scheme == "ldaps" else directory.plain
    server = asking(address, *(["--ldap-plain-text"] if "plain" in scheme else []))
    server.say("group", "create", "vision")

    assert knock(server, "ada", PEOPLE["ada"])
    assert server.say("group", "list") == "vision: ada"
    assert "ada\tuser\tactive" in server.say("user", "list")
    # Whose group is that of the admins is one; names of a directory have no case.
    assert knock(server, "BOB", PEOPLE["bob"])
    assert "bob\tadmin\tactive" in server.say("user", "list")
    assert ("STARTTLS" in directory.log) == (scheme == "ldap and StartTLS")
    assert knock(server, "Cy Élan (x)", PEOPLE["Cy Élan (x)"])


def test_who_does_not_know_the_password_stays_outside(asking, directory):
    server = asking(directory.secured)
    for name, password in [
        ("ada", PEOPLE["bob"]),
        # With this one the directory says yes to whoever asks it.
        ("ada", ""),
        ("nobody", PEOPLE["ada"]),
        ("*", PEOPLE["ada"]),
        ("ad*", PEOPLE["ada"]),
        ("ada)(uid=*", PEOPLE["ada"]),
        ("reader", READER_PASSWORD),
    ]:
        assert knock(server, name, password) is None, name
        check_refusal(call(server, name, password), 401, "UNAUTHENTICATED")
    assert server.say("user", "list") == "admin\tadmin\tactive"


def test_the_client_logs_with_the_password_of_the_directory(asking, directory, monkeypatch):
    server = asking(directory.secured)
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PEOPLE["ada"])
    mlflow.set_tracking_uri(server.url)
    experiment = mlflow.set_experiment("by password").experiment_id
    with mlflow.start_run():
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
    [run] = mlflow.MlflowClient().search_runs([experiment])
    assert run.data.metrics == {"loss": 0.05}
    # It is asked once, not with every call.
    assert directory.log.count(f'BIND dn="uid=ada') < 5


def test_who_is_disabled_here_stays_outside(asking, directory):
    server = asking(directory.secured)
    assert knock(server, "ada", PEOPLE["ada"])
    assert call(server, "ada", PEOPLE["ada"]).status_code == 200
    server.say("user", "disable", "ada")
    assert knock(server, "ada", PEOPLE["ada"]) is None
    assert call(server, "ada", PEOPLE["ada"]).status_code == 403


def test_nobody_gets_an_account_that_was_not_made_for_them(asking, directory):
    server = asking(directory.secured, "--ldap-new-accounts", "false")
    server.say("user", "add", "bob", "--url", server.url)
    assert knock(server, "ada", PEOPLE["ada"]) is None
    # What is called so here was made for somebody, but who says that it is them?
    assert knock(server, "bob", PEOPLE["bob"]) is None
    refused = call(server, "bob", PEOPLE["bob"])
    check_refusal(refused, 403, "PERMISSION_DENIED", "Another account is called bob")


def test_by_name_people_get_the_accounts_that_wait_for_them(asking, directory):
    server = asking(directory.secured, "--ldap-new-accounts", "false", "--ldap-by-name")
    server.say("user", "add", "bob", "--url", server.url)
    assert knock(server, "bob", PEOPLE["bob"])
    assert knock(server, "ada", PEOPLE["ada"]) is None


def test_without_its_directory_a_server_lets_in_whom_it_knows_itself(asking, directory):
    server = asking(directory.secured)
    assert knock(server, "ada", PEOPLE["ada"])
    directory.stop()
    assert knock(server, "admin", server.password)
    assert knock(server, "ada", PEOPLE["ada"]) is None
    check_refusal(call(server, "ada", PEOPLE["ada"]), 503, "TEMPORARILY_UNAVAILABLE", "can't be asked")
    directory.start()
    assert knock(server, "ada", PEOPLE["ada"])


def test_a_directory_that_cannot_prove_who_it_is_gets_no_password(asking, directory, monkeypatch, tmp_path):
    # The authority of somebody else.
    with directory_in(tmp_path / "another") as another:
        monkeypatch.setenv("SSL_CERT_FILE", another.authority)
        server = asking(directory.plain)
        assert knock(server, "ada", PEOPLE["ada"]) is None
    assert "BIND" not in directory.log, "neither the reader's nor hers"

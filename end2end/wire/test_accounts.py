"""Who may come in, and what they may do there."""

import time
import uuid

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException, RestException

from runmark import Server, check_refusal, use_link


@pytest.fixture
def eve(server):
    """Somebody with an account and nothing else."""
    return server.add(f"eve-{uuid.uuid4().hex[:8]}")


def test_the_client_signs_in_with_name_and_password(server, monkeypatch, experiment):
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", server.password)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_metric("loss", 1)
        mlflow.log_text("hello", "hello.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/hello.txt") == "hello"
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    with pytest.raises(MlflowException, match="UNAUTHENTICATED|401"):
        mlflow.get_run(run.info.run_id)


CREDENTIALS = {
    "none": {},
    "a token of nobody": {"Authorization": "Bearer rmk_" + "A" * 43},
    "an empty token": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": "Digest admin"},
    "a wrong password": {"Authorization": "Basic YWRtaW46d3Jvbmc="},
    "nobody's name": {"Authorization": "Basic bm9ib2R5Ondyb25n"},
    "not base64": {"Authorization": "Basic %%%"},
    "no colon": {"Authorization": "Basic YWRtaW4="},
}

DOORS = [
    ("GET", "/mlflow/experiments/get?experiment_id=0"),
    ("POST", "/mlflow/runs/create"),
    ("GET", "/mlflow-artifacts/artifacts?path=0"),
    ("PUT", "/mlflow-artifacts/artifacts/0/x.txt"),
    ("GET", "/mlflow-artifacts/artifacts/0/x.txt"),
]


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_nobody_comes_in_without_a_credential(server, credential):
    for method, path in DOORS:
        response = requests.request(
            method, f"{server.url}/api/2.0{path}", headers=CREDENTIALS[credential], json={"experiment_id": "0"}, timeout=30
        )
        check_refusal(response, 401, "UNAUTHENTICATED")
    assert not (server.artifacts / "0/x.txt").exists()


def test_a_token_does_not_open_the_site(server):
    headers = server.admin.headers | {"Accept": "text/html"}
    page = requests.get(f"{server.url}/experiments", headers=headers, allow_redirects=False, timeout=30)
    assert (page.status_code, page.headers["location"].split("?")[0]) == (302, "/sign-in")


def test_a_session_does_not_open_the_protocol(server):
    browser = requests.Session()
    link = server.say("user", "link", "admin", "--url", server.url)
    assert use_link(link, browser).url.endswith("/experiments")
    cookie = next(iter(browser.cookies))
    assert cookie.has_nonstandard_attr("HttpOnly")
    check_refusal(browser.get(f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=30), 401, "UNAUTHENTICATED")


def test_other_sites_change_nothing(server):
    headers = server.admin.headers | {"Origin": "https://evil.example"}
    response = server.api("POST", "/mlflow/experiments/create", json={"name": "from elsewhere"}, headers=headers)
    assert response.status_code == 403
    check_refusal(
        server.api("GET", "/mlflow/experiments/get-by-name?experiment_name=from%20elsewhere"), 404, "RESOURCE_DOES_NOT_EXIST"
    )


def test_levels_are_kept(server, eve, sign_in, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("secret", "plan.txt")
    run_id = run.info.run_id

    def may(attempt) -> bool:
        try:
            attempt()
            return True
        except RestException as error:
            assert error.error_code in {"PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"}, error
            return False

    client = sign_in(server, eve)
    attempts = {
        "read": lambda: client.get_run(run_id),
        "list": lambda: client.list_artifacts(run_id),
        "log": lambda: client.log_metric(run_id, "loss", 1),
        "delete": lambda: client.delete_experiment(experiment),
    }
    for permission, allowed in [
        ("NO_PERMISSIONS", set()),
        ("READ", {"read", "list"}),
        ("EDIT", {"read", "list", "log"}),
        ("MANAGE", {"read", "list", "log", "delete"}),
    ]:
        server.grant(eve, experiment, permission)
        assert {name for name, attempt in attempts.items() if may(attempt)} == allowed, permission


def test_what_may_not_be_read_is_not_there(server, eve, experiment):
    """The answer tells nobody what exists."""
    server.grant(eve, experiment, "NO_PERMISSIONS")
    name = server.api("GET", f"/mlflow/experiments/get?experiment_id={experiment}").json()["experiment"]["name"]

    def check(path, **request):
        check_refusal(server.api("GET", path, eve, **request), 404, "RESOURCE_DOES_NOT_EXIST")

    check(f"/mlflow/experiments/get?experiment_id={experiment}")
    check("/mlflow/experiments/get-by-name", params={"experiment_name": name})
    check(f"/mlflow-artifacts/artifacts?path={experiment}")
    everything = server.post("/experiments/search", {"max_results": 1000}, eve)
    assert experiment not in [found["experiment_id"] for found in everything["experiments"]]
    assert server.post("/runs/search", {"experiment_ids": [experiment]}, eve) == {}


def test_without_accounts_only_this_machine_is_served(tmp_path):
    server = Server(tmp_path, f"sqlite:///{tmp_path}/runmark.db", "--no-auth")
    server.start()
    try:
        assert requests.get(f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=30).status_code == 200
        rebound = requests.get(f"{server.url}/experiments", headers={"Host": "evil.example"}, timeout=30)
        assert rebound.status_code == 403
    finally:
        server.stop()
    for host in ["0.0.0.0", "::"]:
        refused = server.run("server", "--no-auth", "--host", host, "--port", "0")
        assert refused.returncode != 0
        assert "--no-auth is for one person on their own machine" in refused.stderr


def test_the_command_line_says_what_is_wrong(server):
    def check(says, *arguments):
        done = server.run(*arguments)
        assert (done.returncode != 0, done.stdout) == (True, "")
        assert says in done.stderr, done.stderr

    check("nobody", "token", "create", "--user", "nobody")
    check("nobody", "grant", "--user", "nobody", "--experiment", "0", "READ")
    check("admin", "user", "add", "admin")
    check("OWN", "grant", "--user", "admin", "--experiment", "0", "OWN")


def test_what_is_done_on_the_command_line_counts_for_clients_within_a_second(server, eve, experiment):
    group = f"group-{uuid.uuid4().hex[:8]}"

    def reads(expected):
        answer = None
        for _ in range(20):
            answer = requests.get(
                f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id={experiment}", headers=eve.headers, timeout=30
            ).status_code
            if answer == expected:
                return
            time.sleep(0.1)
        assert answer == expected

    reads(200)
    server.say("grant", "--everyone", "--experiment", experiment, "NO_PERMISSIONS")
    reads(404)
    server.say("group", "create", group)
    server.say("group", "add", group, eve.name)
    server.say("grant", "--group", group, "--experiment", experiment, "READ")
    reads(200)
    assert f"{group}: {eve.name}" in server.say("group", "list")
    server.say("user", "disable", eve.name)
    reads(401)
    assert f"{eve.name}\tuser\tdisabled" in server.say("user", "list")
    server.say("user", "enable", eve.name)
    reads(200)
    server.say("group", "remove", group, eve.name)
    reads(404)
    server.say("user", "delete", eve.name)
    reads(401)


def test_a_service_logs_with_its_token_and_cannot_sign_in(server, experiment):
    name = f"service-{uuid.uuid4().hex[:8]}"
    assert server.say("user", "add", name, "--service") == ""
    token = server.say("token", "create", "--user", name)
    server.secrets.add(token)
    server.say("grant", "--user", name, "--experiment", experiment, "EDIT")
    answer = requests.post(
        f"{server.url}/api/2.0/mlflow/runs/create",
        headers={"Authorization": f"Bearer {token}"},
        json={"experiment_id": experiment},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    refused = server.run("user", "link", name, "--url", server.url)
    assert refused.returncode != 0 and "is a service, which has tokens" in refused.stderr

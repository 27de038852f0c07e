"""What nobody should send: a clear refusal in MLflow's shape, nothing lost, nothing that is secret in the log."""

import json
import os
import socket
import uuid

import pytest
import requests
import urllib3

from runmark import check_refusal

INVALID = (400, "INVALID_PARAMETER_VALUE")
MISSING = (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.fixture(scope="module")
def run(server):
    """A run with something in it that must still be there after each test."""
    name = f"bad input {uuid.uuid4().hex[:8]}"
    experiment = server.post("/experiments/create", {"name": name})["experiment_id"]
    run = server.post("/runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]
    batch = {
        "run_id": run["run_id"],
        "metrics": [{"key": "loss", "value": 0.5, "timestamp": 1, "step": 0}],
        "params": [{"key": "lr", "value": "0.1"}],
    }
    server.post("/runs/log-batch", batch)
    return run


@pytest.fixture(autouse=True)
def unharmed(server, run):
    """Whatever was tried, the run is as it was, and the server answers."""

    def state():
        answer = server.api("GET", f"/mlflow/runs/get?run_id={run['run_id']}").json()["run"]["data"]
        return {part: answer[part] for part in ["metrics", "params"]}

    before = state()
    yield
    assert state() == before


BODIES = {
    "unparsable": b'{"run_id": ',
    "nothing": b"",
    "a list": b"[1, 2]",
    "a number": b"7",
    "not UTF-8": b'{"run_id": "\xff\xfe"}',
    "too deep": b'{"metrics": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("operation", ["runs/log-batch", "runs/log-metric", "runs/create", "experiments/search"])
def test_bodies_that_are_no_json_object(server, body, operation):
    headers = {"Content-Type": "application/json"}
    check_refusal(server.api("POST", f"/mlflow/{operation}", data=BODIES[body], headers=headers), *INVALID)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_bodies_that_do_not_say_they_are_json(server, run, content_type):
    """A foreign page could send these without being asked."""
    body = json.dumps({"run_id": run["run_id"], "key": "x", "value": 1, "timestamp": 1})
    response = server.api("POST", "/mlflow/runs/log-metric", data=body, headers={"Content-Type": content_type})
    check_refusal(response, *INVALID, "Content-Type must be application/json")


WRONG = [
    ("runs/log-metric", {"key": 7, "value": 1, "timestamp": 1}, "key"),
    ("runs/log-metric", {"key": "x", "value": "much", "timestamp": 1}, "value"),
    ("runs/log-metric", {"key": "x", "value": True, "timestamp": 1}, "value"),
    ("runs/log-metric", {"key": "x", "value": 1, "timestamp": "soon"}, "timestamp"),
    ("runs/log-metric", {"key": "x", "value": 1, "timestamp": -5}, "timestamp"),
    ("runs/log-metric", {"key": "x", "value": 1}, "timestamp"),
    ("runs/log-metric", {"key": "x", "timestamp": 1}, "value"),
    ("runs/log-metric", {"key": "../x", "value": 1, "timestamp": 1}, "../x"),
    ("runs/log-metric", {"key": "x" * 251, "value": 1, "timestamp": 1}, "250"),
    ("runs/log-metric", {"key": "a\0b", "value": 1, "timestamp": 1}, "name"),
    ("runs/log-metric", {"key": "x", "value": 1, "timestamp": 2**70}, "timestamp"),
    ("runs/log-parameter", {"key": "", "value": "1"}, "key"),
    ("runs/log-parameter", {"key": "x", "value": {"a": 1}}, "value"),
    ("runs/log-parameter", {"key": "lr", "value": "0.2"}, "Changing param values is not allowed"),
    ("runs/log-batch", {"metrics": {"key": "x"}}, "metrics"),
    ("runs/log-batch", {"metrics": ["x"]}, "metrics"),
    ("runs/log-batch", {"metrics": [{"key": "x", "value": 1, "timestamp": 1}, {"key": "y", "timestamp": 1}]}, "metrics[1].value"),
    ("runs/log-batch", {"metrics": [{"key": "x", "value": 1, "timestamp": 1, "step": 0}] * 1001}, "at most 1000 metrics. Got 1001"),
    ("runs/log-batch", {"params": [{"key": str(n), "value": "1"} for n in range(101)]}, "at most 100 params. Got 101"),
    ("runs/log-batch", {"tags": [{"key": str(n), "value": "1"} for n in range(101)]}, "at most 100 tags. Got 101"),
    ("runs/log-batch", {"params": [{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]}, "Duplicate parameter keys"),
    ("runs/log-batch", {"params": [{"key": "new", "value": "1"}, {"key": "lr", "value": "9"}]}, "Changing param values"),
    ("runs/log-batch", {"metrics": [{"key": "ok", "value": 1, "timestamp": 1}, {"key": "//", "value": 1, "timestamp": 1}]}, "metrics[1].name"),
]


@pytest.mark.parametrize("operation, body, says", WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_types_and_values(server, run, operation, body, says):
    response = server.api("POST", f"/mlflow/{operation}", json={"run_id": run["run_id"]} | body)
    check_refusal(response, *INVALID, says)


@pytest.mark.parametrize(
    "path, status, code",
    [
        ("runs/get?run_id=" + "0" * 32, *MISSING),
        ("runs/get?run_id=nonsense", *MISSING),
        ("runs/get?run_id=../../etc/passwd", *MISSING),
        ("runs/get?run_id=%00", *MISSING),
        ("runs/get", *INVALID),
        ("experiments/get?experiment_id=99999999", *MISSING),
        ("experiments/get?experiment_id=abc", *INVALID),
        ("experiments/get?experiment_id=99999999999999999999", *INVALID),
        ("experiments/get-by-name?experiment_name=nobody%20made%20this", *MISSING),
        ("logged-models/m-" + "0" * 32, *MISSING),
        ("logged-models/nonsense", *MISSING),
        ("logged-models/%ff", *INVALID),
        ("registered-models/get?name=nobody", *MISSING),
        ("model-versions/get?name=nobody&version=1", *MISSING),
        ("model-versions/get?name=nobody&version=x", *INVALID),
        ("metrics/get-history?run_id=" + "0" * 32 + "&metric_key=loss&max_results=0", *INVALID),
        ("runs/nothing-like-this", 404, "ENDPOINT_NOT_FOUND"),
    ],
)
def test_what_is_not_there(server, path, status, code):
    check_refusal(server.api("GET", f"/mlflow/{path}"), status, code)


@pytest.mark.parametrize(
    "body",
    [
        {"max_results": 0},
        {"max_results": 50001},
        {"page_token": "???"},
        {"filter": "a ="},
        {"filter": "'; DROP TABLE run; --"},
        {"order_by": ["loss; DROP"]},
    ],
)
def test_searches_that_say_nothing(server, run, body):
    check_refusal(server.api("POST", "/mlflow/runs/search", json={"experiment_ids": [run["experiment_id"]]} | body), *INVALID)


def test_ten_megabytes_of_json(server, run):
    """The client gets to read why."""
    body = json.dumps({"run_id": run["run_id"], "key": "x", "value": "y" * 10_000_000})
    headers = {"Content-Type": "application/json"}
    response = server.api("POST", "/mlflow/runs/set-tag", data=body, headers=headers)
    check_refusal(response, 413, "INVALID_PARAMETER_VALUE", "too long")


def test_a_body_that_never_ends(server, run):
    """A client that promises more than it sends changes nothing."""
    head = (
        f"POST /api/2.0/mlflow/runs/set-tag HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.admin.token}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"run_id": '
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
    assert server.api("GET", f"/mlflow/runs/get?run_id={run['run_id']}").status_code == 200


# -- artifact paths

ESCAPES = [
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e%252f%252e%252e%252fetc/passwd",
    "%25252e%25252e/x",
    "a/../../../../x",
    "./x",
    "a//x",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "..\\..\\x",
    "..%5c..%5cx",
    "x%00.txt",
    "%ff",
]


def raw(server, method, path, body=None):
    """A request whose path no client library has tidied up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.admin.token}\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\n"
        head += f"Content-Length: {len(body or b'')}\r\n\r\n"
        connection.sendall(head.encode() + (body or b""))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), text.decode(errors="replace")


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_paths_that_lead_out(server, run, method, escape):
    def tree():
        return {path for path in server.folder.rglob("*") if path.name not in {"runmark.db-wal", "runmark.db-shm"}}

    before = tree()
    for root in ["", f"{run['experiment_id']}/{run['run_id']}/artifacts/"]:
        status, text = raw(server, method, f"/api/2.0/mlflow-artifacts/artifacts/{root}{escape}", b"planted")
        assert status in {400, 404}, (status, text)
        assert "error_code" in json.loads(text)
        assert "root:" not in text
    assert tree() == before


@pytest.mark.parametrize("path, status, code", [("1/x", 501, "NOT_IMPLEMENTED"), ("1/..", *INVALID), ("1/a%23b", *INVALID)])
def test_the_path_of_an_upload_in_parts_is_looked_at_first(server, path, status, code):
    body = json.dumps({"path": "a.txt", "num_parts": 2}).encode()
    found, text = raw(server, "POST", f"/api/2.0/mlflow-artifacts/mpu/create/{path}", body)
    assert (found, json.loads(text)["error_code"]) == (status, code)


@pytest.mark.parametrize("path", ["..", "../..", "/etc", "%2e%2e", "0/../..", "a/%2e%2e"])
def test_lists_of_what_is_outside(server, run, path):
    for place in [
        f"/mlflow-artifacts/artifacts?path={path}",
        f"/mlflow/artifacts/list?run_id={run['run_id']}&path={path}",
    ]:
        response = server.api("GET", place)
        if response.status_code == 200:
            assert response.json().get("files", []) == [], response.text
        else:
            check_refusal(response, *INVALID)


def test_links_that_lead_out(server, run):
    """Somebody with a shell on the server may have put them there."""
    folder = server.artifacts / run["experiment_id"] / run["run_id"] / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    outside = server.folder / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.txt").write_text("hidden")
    for name, target in [("folder", outside), ("file.txt", outside / "secret.txt")]:
        if not (folder / name).is_symlink():
            os.symlink(target, folder / name)
    base = f"/mlflow-artifacts/artifacts/{run['experiment_id']}/{run['run_id']}/artifacts"
    for path in ["folder/secret.txt", "file.txt"]:
        response = server.api("GET", f"{base}/{path}")
        assert response.status_code in {400, 404}
        assert "hidden" not in response.text
    for path in ["folder/new.txt", "file.txt"]:
        assert server.api("PUT", f"{base}/{path}", data=b"planted").status_code in {400, 404}
    assert (outside / "secret.txt").read_text() == "hidden"
    assert os.listdir(outside) == ["secret.txt"]


def test_files_that_belong_to_no_experiment(server):
    """They are for admins alone."""
    somebody = server.add(f"somebody-{uuid.uuid4().hex[:8]}")
    for path in ["loose.txt", "notanumber/x.txt", "99999999/x.txt", "C:/windows/win.ini"]:
        for method in ["PUT", "GET", "DELETE"]:
            response = server.api(method, f"/mlflow-artifacts/artifacts/{path}", somebody, data=b"x")
            assert response.status_code in {400, 404}
            assert "error_code" in response.json()
    assert not (server.artifacts / "loose.txt").exists()


def test_an_upload_that_breaks_off(server, run):
    """Half a file is no file, and the old one stays."""
    path = f"/mlflow-artifacts/artifacts/{run['experiment_id']}/{run['run_id']}/artifacts/kept.txt"
    assert server.api("PUT", path, data=b"whole").status_code == 200
    head = (
        f"PUT /api/2.0{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.admin.token}\r\nContent-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"half")
    assert server.api("GET", path).content == b"whole"


def test_methods_that_no_door_knows(server):
    for method, path in [("GET", "runs/create"), ("DELETE", "runs/get"), ("PATCH", "runs/search"), ("PUT", "runs/create")]:
        check_refusal(server.api(method, f"/mlflow/{path}", json={}), 404, "ENDPOINT_NOT_FOUND")


def test_headers_beyond_measure(server):
    pool = urllib3.PoolManager()
    response = pool.request("GET", f"{server.url}/health", headers={"X-Long": "x" * 1_000_000}, retries=False)
    assert response.status in {400, 431}
    assert requests.get(f"{server.url}/health", timeout=10).text == "OK"

"""Files by what they are of, as MLflow's pages ask for them."""

import uuid

import mlflow
import requests

from runmark import check_refusal

MEGABYTE = 1 << 20
PAGES = "/ajax-api/2.0/mlflow"


def ask(server, address, account=None, method="GET", headers=None, data=None, **query):
    credential = (account or server.admin).headers
    return requests.request(
        method, server.url + address, params=query, headers=credential | (headers or {}), data=data, timeout=60
    )


def check_safe(response, kind, name):
    """An attachment of this kind, which no browser shows as a part of the site."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].split(";")[0] == kind
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def people(server, experiment):
    """Somebody who may not read the experiment, and somebody who may only read it."""
    stranger, reader = (server.add(f"{name}-{uuid.uuid4().hex[:8]}") for name in ["stranger", "reader"])
    server.grant(stranger, experiment, "NO_PERMISSIONS")
    server.grant(reader, experiment, "READ")
    return stranger, reader


def test_a_file_of_a_run(server, client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("0123456789", "notes/digits.txt")
        mlflow.log_text("größer", "größe.csv")
        mlflow.log_dict({"a": 1}, "config.json")
        mlflow.log_text("<script>alert(1)</script>", "page.html")
    run_id = run.info.run_id

    def get(path, account=None, headers=None, **query):
        return ask(server, "/get-artifact", account, headers=headers, path=path, **(query or {"run_id": run_id}))

    for name in ["run_id", "run_uuid"]:
        response = get("notes/digits.txt", **{name: run_id})
        assert response.text == "0123456789"
        check_safe(response, "text/plain", "digits.txt")
    check_safe(get("config.json"), "text/plain", "config.json")
    check_safe(get("page.html"), "text/html", "page.html")
    assert get("größe.csv").headers["content-disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"
    part = get("notes/digits.txt", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "234", "bytes 2-4/10")

    check_refusal(get("nowhere.txt"), 404, "RESOURCE_DOES_NOT_EXIST", "No such artifact")
    check_refusal(get("notes"), 400, "INVALID_PARAMETER_VALUE", "refers to a directory, not a file")
    for path in ["../x", "/etc/passwd", "%2e%2e/x", "a#b"]:
        check_refusal(get(path), 400, "INVALID_PARAMETER_VALUE", "Invalid path")
    check_refusal(get("notes/digits.txt", run_id="0" * 32), 404, "RESOURCE_DOES_NOT_EXIST")
    check_refusal(ask(server, "/get-artifact", run_id=run_id), 400, "INVALID_PARAMETER_VALUE", "path")
    check_refusal(requests.get(f"{server.url}/get-artifact", timeout=30), 401, "UNAUTHENTICATED")

    stranger, reader = people(server, experiment)
    check_refusal(get("notes/digits.txt", stranger), 404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={run_id} not found")
    assert get("notes/digits.txt", reader).text == "0123456789"


def test_a_file_comes_into_a_run(server, client, experiment, tmp_path):
    run_id = client.create_run(experiment).info.run_id

    def put(data, account=None, **query):
        return ask(server, f"{PAGES}/upload-artifact", account, "POST", data=data, **query)

    for content in [b"\x89PNG", b"a" * (10 * MEGABYTE)]:
        response = put(content, run_uuid=run_id, path="images/a b.png")
        assert (response.status_code, response.content) == (200, b""), response.text
        assert response.headers["content-type"] == "application/json"
        local = client.download_artifacts(run_id, "images/a b.png", str(tmp_path))
        with open(local, "rb") as file:
            assert file.read() == content

    wrong = "INVALID_PARAMETER_VALUE"
    too_large = b"a" * (10 * MEGABYTE + 1)
    check_refusal(put(b"1", path="a.txt"), 400, wrong, "Request must specify run_uuid.")
    check_refusal(put(b"1", run_uuid=run_id), 400, wrong, "Request must specify path.")
    check_refusal(put(b"", run_uuid=run_id, path="a.txt"), 400, wrong, "Request must specify data.")
    check_refusal(put(too_large, run_uuid=run_id, path="a.txt"), 400, wrong, "Max size is 10MB")
    # Not told beforehand how much comes.
    check_refusal(put(iter([too_large]), run_uuid=run_id, path="a.txt"), 400, wrong, "Max size is 10MB")
    check_refusal(put(b"1", run_uuid=run_id, path="../a.txt"), 400, wrong, "Invalid path")
    check_refusal(put(b"1", run_uuid=run_id, path="a/"), 400, wrong, "filename")
    check_refusal(put(b"1", run_uuid="0" * 32, path="a.txt"), 404, "RESOURCE_DOES_NOT_EXIST")
    stranger, reader = people(server, experiment)
    check_refusal(put(b"1", stranger, run_uuid=run_id, path="a.txt"), 404, "RESOURCE_DOES_NOT_EXIST")
    check_refusal(put(b"1", reader, run_uuid=run_id, path="a.txt"), 403, "PERMISSION_DENIED")
    assert [entry.path for entry in client.list_artifacts(run_id)] == ["images"]

    foreign = {"Origin": "https://evil.example"} | server.admin.headers
    address = f"{server.url}{PAGES}/upload-artifact"
    response = requests.post(
        address, params={"run_uuid": run_id, "path": "a.txt"}, data=b"1", headers=foreign, timeout=30
    )
    assert response.status_code == 403


def test_a_file_of_a_logged_model_and_of_a_version(server, client, experiment):
    model = client.create_logged_model(experiment_id=experiment, name="model").model_id
    path = f"/mlflow-artifacts/artifacts/{experiment}/models/{model}/artifacts/MLmodel"
    assert server.api("PUT", path, data=b"flavors: {}").status_code == 200
    name = f"registered {uuid.uuid4().hex[:8]}"
    server.post("/registered-models/create", {"name": name})
    server.post("/model-versions/create", {"name": name, "source": f"models:/{model}"})
    stranger, reader = people(server, experiment)
    missing, wrong = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"

    def of_version(account=None, **query):
        return ask(server, "/model-versions/get-artifact", account, **query)

    check_safe(of_version(name=name, version=1, path="MLmodel"), "text/plain", "MLmodel")
    assert of_version(name=name, version=1, path="MLmodel").text == "flavors: {}"
    check_refusal(of_version(name=name, version=1, path="nowhere"), 404, missing, "No such artifact")
    check_refusal(of_version(name=name, version=2, path="MLmodel"), 404, missing)
    check_refusal(of_version(name=name, version=1, path="../MLmodel"), 400, wrong, "Invalid path")
    check_refusal(of_version(name=name, version=1), 400, wrong, "path")
    check_refusal(of_version(name=name, version="x", path="MLmodel"), 400, wrong)
    # Whoever may read the registered model alone may not read what it was made of.
    check_refusal(of_version(stranger, name=name, version=1, path="MLmodel"), 404, missing)

    def of_model(account=None, **query):
        return ask(server, f"{PAGES}/logged-models/{model}/artifacts/files", account, **query)

    check_safe(of_model(artifact_file_path="MLmodel"), "text/plain", "MLmodel")
    assert of_model(reader, artifact_file_path="MLmodel").text == "flavors: {}"
    check_refusal(of_model(), 400, "BAD_REQUEST", 'Request must include the "artifact_file_path" query parameter.')
    check_refusal(of_model(artifact_file_path="../MLmodel"), 400, wrong, "Invalid path")
    check_refusal(of_model(artifact_file_path="nowhere"), 404, missing)
    check_refusal(of_model(stranger, artifact_file_path="MLmodel"), 404, missing)
    client.delete_logged_model(model)
    check_refusal(of_model(artifact_file_path="MLmodel"), 404, missing)

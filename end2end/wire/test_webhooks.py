"""Webhooks: made with MLflow's client, received by a real server, verified as MLflow's documentation says."""

import hmac
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mlflow.entities.webhook import WebhookStatus
from mlflow.exceptions import RestException
from mlflow.webhooks.delivery import _generate_hmac_signature

from conftest import database
from runmark import check_refusal, running

SECRET = "open-sesame-0815"
LOOPBACK = ["--webhook-allow-private", "127.0.0.0/8"]
# Longer than a delivery belongs to a process that was killed.
PATIENCE = 75


class Receiver:
    """A server that keeps what it gets, and answers what it is told to: 200 at last."""

    def __init__(self, port=0):
        self.got = []
        self.answers = []
        self.port = port
        self.http = None

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.headers, body.decode()))
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"thanks")

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        if self.http:
            self.http.shutdown()
            self.http.server_close()
            self.http = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook/path-that-few-know"

    def gets(self, count):
        """Waits until it got so much."""
        until = time.monotonic() + PATIENCE
        while len(self.got) < count:
            assert time.monotonic() < until, f"{len(self.got)} of {count} came"
            time.sleep(0.05)
        return self.got


@pytest.fixture
def receiver():
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def hooked(kind, tmp_path):
    """A server whose webhooks may reach this machine."""
    with database(kind, tmp_path) as address, running(tmp_path / "server", address, *LOOPBACK) as server:
        server.secrets |= {SECRET, "path-that-few-know"}
        yield server


def verified(headers, body, secret=SECRET):
    """The body, if its signature is right."""
    delivery, timestamp = headers["X-MLflow-Delivery-Id"], headers["X-MLflow-Timestamp"]
    uuid.UUID(delivery)
    assert abs(time.time() - int(timestamp)) < 300
    expected = _generate_hmac_signature(secret, delivery, timestamp, body)
    assert hmac.compare_digest(headers["X-MLflow-Signature"], expected)
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


def test_what_happens_is_told_and_signed(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    events = [
        "registered_model.created",
        "model_version.created",
        "model_version_tag.set",
        "model_version_tag.deleted",
        "model_version_alias.created",
        "model_version_alias.deleted",
    ]
    client.create_webhook("ci", receiver.url, events, secret=SECRET)
    client.create_registered_model("bert", tags={"team": "text"}, description="about")
    client.create_model_version("bert", "s3://bucket/model", tags={"a": "1"})
    client.set_model_version_tag("bert", "1", "checked", "yes")
    client.delete_model_version_tag("bert", "1", "checked")
    client.set_registered_model_alias("bert", "champion", "1")
    client.delete_registered_model_alias("bert", "champion")
    told = {}
    for headers, body in receiver.gets(6):
        told_of = verified(headers, body)
        told[f"{told_of['entity']}.{told_of['action']}"] = told_of["data"]
    assert sorted(told) == sorted(events)
    assert told["registered_model.created"] == {"name": "bert", "tags": {"team": "text"}, "description": "about"}
    assert told["model_version.created"] == {
        "name": "bert",
        "version": "1",
        "source": "s3://bucket/model",
        "run_id": None,
        "tags": {"a": "1"},
        "description": None,
    }
    assert told["model_version_tag.set"] == {"name": "bert", "version": "1", "key": "checked", "value": "yes"}
    assert told["model_version_alias.created"] == {"name": "bert", "alias": "champion", "version": "1"}
    assert len({headers["X-MLflow-Delivery-Id"] for headers, _ in receiver.got}) == 6


def test_prompts_are_told_of(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    client.create_webhook("prompts", receiver.url, ["prompt.created", "prompt_version.created"])
    client.register_prompt("greet", "Hello {{name}}", commit_message="first")
    told = {}
    for headers, body in receiver.gets(2):
        assert "X-MLflow-Signature" not in headers
        told_of = json.loads(body)
        told[told_of["entity"]] = told_of["data"]
    assert told["prompt"]["name"] == "greet"
    assert "mlflow.prompt.is_prompt" not in told["prompt"]["tags"]
    assert told["prompt_version"]["template"] == "Hello {{name}}"
    assert told["prompt_version"]["version"] == "1"


def test_what_fails_is_sent_again(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    client.create_webhook("ci", receiver.url, ["registered_model.created"], secret=SECRET)
    receiver.answers = [(500, {}), (503, {"Retry-After": "1"})]
    client.create_registered_model("bert")
    got = receiver.gets(3)
    assert {verified(*delivery)["data"]["name"] for delivery in got} == {"bert"}
    assert len({headers["X-MLflow-Delivery-Id"] for headers, _ in got}) == 1
    # It arrived: nothing more comes.
    time.sleep(3)
    assert len(receiver.got) == 3


def test_redirects_are_not_followed(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    hook = client.create_webhook("ci", receiver.url, ["registered_model.created"])
    receiver.answers = [(307, {"Location": receiver.url})]
    outcome = client.test_webhook(hook.webhook_id)
    assert (outcome.success, outcome.response_status) == (False, 307)
    assert "redirects are not followed" in outcome.error_message
    assert len(receiver.got) == 1


def test_what_waits_outlives_the_server(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    client.create_webhook("ci", receiver.url, ["registered_model.created"], secret=SECRET)
    receiver.stop()
    client.create_registered_model("bert")
    time.sleep(1)
    hooked.kill()
    receiver.start()
    hooked.start()
    [delivery] = receiver.gets(1)
    assert verified(*delivery)["data"]["name"] == "bert"


def test_a_server_that_is_stopped_sends_what_waits_later(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    client.create_webhook("ci", receiver.url, ["registered_model.created"], secret=SECRET)
    receiver.stop()
    for number in range(5):
        client.create_registered_model(f"model-{number}")
    hooked.stop()
    receiver.start()
    hooked.start()
    names = {verified(*delivery)["data"]["name"] for delivery in receiver.gets(5)}
    assert names == {f"model-{number}" for number in range(5)}


def test_inner_addresses_are_refused(server, client, receiver):
    for url in [
        receiver.url,
        f"http://localhost:{receiver.port}/",
        f"http://127.1:{receiver.port}/",
        f"http://[::ffff:127.0.0.1]:{receiver.port}/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
    ]:
        with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE.*non-public"):
            client.create_webhook("ci", url, ["registered_model.created"])
    assert receiver.got == []


def test_what_was_allowed_is_refused_when_it_no_longer_is(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    by_address = client.create_webhook("address", receiver.url, ["registered_model.created"])
    by_name = receiver.url.replace("127.0.0.1", "localhost")
    hooked.stop()
    hooked.flags = ["--webhook-allow-private", "127.0.0.0/8", "--webhook-allow-private", "::1"]
    hooked.start()
    by_name = client.create_webhook("name", by_name, ["registered_model.created"])
    hooked.stop()
    hooked.flags = []
    hooked.start()
    client.create_registered_model("bert")
    for hook in [by_address, by_name]:
        outcome = client.test_webhook(hook.webhook_id)
        assert not outcome.success and outcome.response_status is None
        assert "non-public" in outcome.error_message
    time.sleep(2)
    assert receiver.got == []


def test_webhooks_are_managed(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    made = client.create_webhook(
        "ci",
        receiver.url,
        ["model_version.created", "prompt.created"],
        description="about",
        secret=SECRET,
        status="DISABLED",
    )
    assert (made.name, made.description, made.status) == ("ci", "about", WebhookStatus.DISABLED)
    assert [str(event) for event in made.events] == ["model_version.created", "prompt.created"]
    found = client.get_webhook(made.webhook_id)
    assert (found.url, found.creation_timestamp) == (receiver.url, made.creation_timestamp)
    raw = hooked.api("GET", f"/mlflow/webhooks/{made.webhook_id}")
    assert SECRET not in raw.text and "secret" not in raw.text
    changed = client.update_webhook(
        made.webhook_id, name="cd", events=["registered_model.created"], status="ACTIVE", description="more"
    )
    assert (changed.name, changed.description, changed.url) == ("cd", "more", receiver.url)
    assert changed.status.is_active() and changed.last_updated_timestamp >= made.last_updated_timestamp
    for number in range(3):
        client.create_webhook(f"hook-{number}", receiver.url, ["prompt_tag.set"])
    first = client.list_webhooks(max_results=3)
    rest = client.list_webhooks(max_results=3, page_token=first.token)
    assert {hook.name for hook in [*first, *rest]} == {"cd", "hook-0", "hook-1", "hook-2"}
    assert not rest.token and len(client.list_webhooks()) == 4
    client.delete_webhook(made.webhook_id)
    with pytest.raises(RestException, match=f"Webhook with ID {made.webhook_id} not found."):
        client.get_webhook(made.webhook_id)


def test_a_webhook_is_tested(hooked, sign_in, receiver):
    client = sign_in(hooked, hooked.admin)
    hook = client.create_webhook("ci", receiver.url, ["model_version.created"], secret=SECRET)
    outcome = client.test_webhook(hook.webhook_id)
    assert (outcome.success, outcome.response_status, outcome.response_body) == (True, 200, "thanks")
    told = verified(*receiver.got[0])
    assert (told["entity"], told["data"]["name"]) == ("model_version", "example_model")
    client.test_webhook(hook.webhook_id, "prompt_tag.set")
    assert verified(*receiver.got[1])["data"] == {
        "name": "example_prompt",
        "key": "example_key",
        "value": "example_value",
    }
    receiver.answers = [(500, {})]
    outcome = client.test_webhook(hook.webhook_id)
    assert (outcome.success, outcome.response_status) == (False, 500)
    receiver.stop()
    outcome = client.test_webhook(hook.webhook_id)
    assert not outcome.success and outcome.error_message


def test_webhooks_are_for_admins(server, sign_in):
    ada = server.add(f"ada-{uuid.uuid4().hex[:6]}")
    client = sign_in(server, ada)
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        client.create_webhook("ci", "https://hooks.example.com/", ["prompt.created"])
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        client.list_webhooks()
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        client.get_webhook(uuid.uuid4().hex)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"name": None}, "Missing value for required parameter 'name'"),
        ({"name": "no name"}, "Webhook name 'no name' is invalid"),
        ({"url": None}, "Missing value for required parameter 'url'"),
        ({"url": "ftp://1.1.1.1/"}, "Invalid webhook URL scheme: 'ftp'"),
        ({"url": "https://me:too@1.1.1.1/"}, "must not hold a user"),
        ({"url": "https://no-such-host.invalid/"}, "Webhook URL hostname"),
        ({"events": []}, "Missing value for required parameter 'events'"),
        ({"events": [{"entity": "PROMPT", "action": "SET"}]}, "Invalid action 'set' for entity 'prompt'"),
        ({"events": [{"entity": "PROMPT"}]}, "Missing value for required parameter 'events[0].action'"),
        ({"secret": "x" * 1001}, "exceeds the maximum length"),
    ],
)
def test_what_makes_no_sense_is_refused(server, change, words):
    body = {"name": "ci", "url": "https://1.1.1.1/", "events": [{"entity": "PROMPT", "action": "CREATED"}]}
    refused = server.api("POST", "/mlflow/webhooks", json=body | change)
    check_refusal(refused, 400, "INVALID_PARAMETER_VALUE", words)

"""The two servers, and how a call is sent to each.

Owns: starting and stopping them, ids that one of them gave (`Side.fill` puts them in where a call has placeholders), and what
came back with the time it took (`Answer`).
"""

import bisect
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "wire"))

import runmark  # noqa: E402

PLACEHOLDER = re.compile(r"⟦(\w+)(?::(\d+))?⟧")
# What stands for an id that no call has made.
NOBODY = {
    "run": "f" * 32,
    "model": "m-" + "f" * 32,
    "experiment": "888888",
    "token": "eyJvZmZzZXQiOiAxfQ==",
    "name": "nobody's",
    "trace": "tr-" + "f" * 32,
    "assessment": "a-" + "f" * 32,
    "webhook": "f" * 32,
}
START_WITHIN = 90.0


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    kind: str
    headers: dict
    # JSON, or bytes if it is none.
    body: object

    @property
    def good(self):
        return 200 <= self.status < 300

    @property
    def code(self):
        return self.body.get("error_code", "") if isinstance(self.body, dict) and not self.good else ""

    @property
    def message(self):
        if self.good:
            return ""
        if isinstance(self.body, dict):
            return str(self.body.get("message", self.body.get("detail", "")))
        return re.sub(rb"\s+", b" ", re.sub(rb"<[^>]*>", b" ", self.body)).decode("utf-8", "replace").strip()


class Side:
    """One of the servers, as the one client that it has."""

    def __init__(self, name: str, url: str):
        self.name = name
        self.address = urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=60)
        # Ids of this sequence by kind, in the order they were made.
        self.ids: dict[str, list[str]] = {}
        # What each id that this server ever gave stands for on both.
        self.symbols: dict[str, str] = {}
        # When each call went out and came back, in milliseconds.
        self.sent: list[int] = []
        self.answered: list[int] = []
        self.own = ""

    def begin(self, own: str):
        """A new sequence, whose names begin with this."""
        self.own = own
        self.ids = {}

    def fill(self, value):
        """The value with this server's ids."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(self._id, value) if "⟦" in value else value
        if isinstance(value, (list, tuple)):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {self.fill(name): self.fill(item) for name, item in value.items()}
        return value

    def _id(self, match):
        kind, index = match[1], int(match[2] or 0)
        if kind in ("own", "OWN"):
            return self.own if kind == "own" else self.own.upper()
        if kind == "hex":
            # The same on both: ids that clients make.
            return f"{int(self.own[1:]):016x}{index + 1:016x}"
        known = self.ids.get(kind.lower(), [])
        found = known[index % len(known)] if known else NOBODY[kind.lower()]
        return found.upper() if kind.isupper() else found

    def send(self, call) -> Answer:
        target = quote(self.fill(call.path), safe="/%~!$&'()*+,;=:@")
        if call.query:
            target += "?" + urlencode([(name, self.fill(value)) for name, value in call.query], errors="surrogatepass")
        headers = {"Content-Type": "application/json"} if call.method != "GET" else {}
        headers |= self.fill(call.headers)
        if call.raw is not None:
            body = self.fill(call.raw)
            body = body.encode() if isinstance(body, str) else body
        else:
            body = None if call.body is None else json.dumps(self.fill(call.body)).encode()
        self.sent.append(int(time.time() * 1000))
        answer = self._exchange(call.method, target, body, headers)
        self.answered.append(int(time.time() * 1000))
        return answer

    def _exchange(self, method, target, body, headers):
        for last in (False, True):
            try:
                self.connection.request(method, target, body=body, headers=headers)
                response = self.connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, OSError) as problem:
                # A connection that was closed between two calls is no difference; one that breaks twice is.
                self.connection.close()
                if last:
                    return Answer(0, "", {}, repr(type(problem)).encode())
        kind = response.headers.get("content-type", "").split(";")[0]
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            parsed = (
                json.loads(content) if kind == "application/json" and "content-disposition" not in headers else content
            )
        except ValueError:
            parsed = content
        return Answer(response.status, kind, headers, parsed)

    def delete_webhooks(self):
        """Webhooks are of the whole server: those of earlier sequences go."""
        path = "/api/2.0/mlflow/webhooks"
        listed = self._exchange("GET", f"{path}?max_results=1000", None, {})
        for webhook in listed.body.get("webhooks", []):
            self._exchange("DELETE", f"{path}/{webhook['webhook_id']}", None, {})

    def delete_models(self):
        """Registered models of this sequence, where the other server may have others."""
        for name in self.ids.get("name", []):
            body = json.dumps({"name": name}).encode()
            path = "/api/2.0/mlflow/registered-models/delete"
            self._exchange("DELETE", path, body, {"Content-Type": "application/json"})

    def calls_at(self, millis: int) -> frozenset[int]:
        """During which calls this was now."""
        end = bisect.bisect_right(self.sent, millis)
        found = set()
        for index in range(end - 1, max(-1, end - 6), -1):
            if self.sent[index] <= millis <= self.answered[index]:
                found.add(index)
        return frozenset(found)


@contextmanager
def mlflow(folder: Path, database: str | None = None):
    """MLflow's server with data of its own below `folder`, or on this database; its address."""
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "DO_NOT_TRACK": "true",
    }
    arguments = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    arguments += [
        "--backend-store-uri",
        database or f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    log = (folder / "log").open("wb")
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, port, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process, port, log):
    begun = time.monotonic()
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (http.client.HTTPException, OSError):
            pass
        if process.poll() is not None or time.monotonic() - begun > START_WITHIN:
            raise RuntimeError(f"MLflow's server doesn't start:\n{log.read_text()}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def empty(kind: str, folder: Path):
    """The address of an empty database for Runmark."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/runmark.db"
        return
    postgres, name = os.environ["RUNMARK_TEST_POSTGRES"], f"parity_{uuid.uuid4().hex[:12]}"
    psql = ["psql", "--quiet", postgres, "--command"]
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    try:
        yield re.sub(r"/[^/]*$", f"/{name}", postgres)
    finally:
        subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=True)


@contextmanager
def both(folder: Path, database: str):
    """The two servers with nothing in them; `database` is Runmark's."""
    # Webhooks lead to where nobody listens.
    flags = ["--no-auth", "--webhook-allow-private", "127.0.0.0/8"]
    with runmark.running(folder / "runmark", database, *flags) as server, mlflow(folder / "mlflow") as url:
        yield Side("MLflow", url), Side("Runmark", server.url)

"""A Runmark under test: the real binary, started as people start it.

Owns: starting, killing and starting it again, the command line beside it, and the secrets that its log must not show.
Must never: reach into the program or its database; the tests see what users see.
Start reading: `Server`. To serve another database, add a case to `conftest.database`.
"""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("RUNMARK_BIN", ROOT / "target/debug/runmark")).resolve()
START_WITHIN = 30.0


@dataclass(frozen=True)
class Account:
    """Somebody's account, with a token for their programs."""

    name: str
    token: str

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Person(Account):
    """Somebody who also has a password."""

    password: str


class Server:
    """One Runmark with data of its own below `folder`."""

    def __init__(self, folder: Path, database: str, *flags: str):
        self.folder = folder
        self.database = database
        self.flags = list(flags)
        self.port = 0
        self.secrets: set[str] = set()
        self.process: subprocess.Popen | None = None
        self.admin: Account | None = None
        self.password = ""
        self.link = ""
        # What certificates are verified with, where it speaks HTTPS.
        self.verify: bool | str = True
        folder.mkdir(parents=True, exist_ok=True)

    # -- its life

    def start(self) -> float:
        """Starts it; answers after how many seconds it answered a first request."""
        out = self.folder / "stdout"
        begun = time.monotonic()
        self._launch()
        while "export MLFLOW_TRACKING_URI" not in (said := out.read_text()) or not said.endswith("\n\n"):
            if self.process.poll() is not None or time.monotonic() - begun > START_WITHIN:
                raise RuntimeError(f"the server doesn't start:\n{said}{self.log}")
            time.sleep(0.002)
        self.url = find(r"export MLFLOW_TRACKING_URI=(\S+)", said)
        requests.get(f"{self.url}/health", timeout=5, verify=self.verify).raise_for_status()
        took = time.monotonic() - begun
        self._listen(said)
        return took

    def _launch(self):
        self.process = subprocess.Popen(
            [BINARY, "server", "--port", str(self.port), *self._store(), *self.flags],
            stdout=(self.folder / "stdout").open("wb"),
            stderr=(self.folder / "stderr").open("ab"),
            cwd=self.folder,
            env=self._environment(),
        )

    def _listen(self, said: str):
        """Takes down what it says at its start."""
        self.port = int(self.url.rsplit(":", 1)[1])
        if link := find(r"(http\S+/sign-in/link\?token=\S+)", said):
            self.link = link
            self.secrets.add(link.split("token=")[1])
        if password := find(r"and the password (\S+) \(shown only now\)", said):
            self.password = password
            self.secrets.add(password)
        if token := find(r"export MLFLOW_TRACKING_TOKEN='(rmk_[^']+)'", said):
            self.admin = Account("admin", token)
            self.secrets.add(token)

    def kill(self):
        """As when the power fails."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def start_and_kill(self, after: float):
        """Starts it, and kills it so many seconds later, wherever it has got by then."""
        self._launch()
        time.sleep(after)
        self.kill()

    def stop(self):
        """As people stop it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)

    # -- the command line beside it

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """`runmark …` on the same data."""
        return subprocess.run(
            [BINARY, *arguments, *self._store()],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def say(self, *arguments: str) -> str:
        """What `runmark …` prints; it must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def add(self, name: str, *flags: str) -> Account:
        """A new account with a token."""
        link = self.say("user", "add", name, "--url", self.url, *flags)
        token = self.say("token", "create", "--user", name)
        self.secrets |= {token, link.split("token=")[1]}
        return Account(name, token)

    def grant(self, account: Account, experiment: str, permission: str):
        self.say("grant", "--user", account.name, "--experiment", experiment, permission)

    # -- what it leaves behind

    @property
    def log(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def memory(self) -> int:
        """Bytes that it has in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(find(r"VmRSS:\s+(\d+) kB", status)) * 1024

    def check_log(self):
        """Its log holds no secret, and tells of no fault of its own."""
        for secret in self.secrets:
            assert secret not in self.log, "a secret is in the log"
        assert "panicked" not in self.log, self.log

    # -- asking it

    def api(self, method: str, path: str, account: Account | None = None, **request) -> requests.Response:
        """One call of the protocol, as the admin if nobody else is named."""
        headers = (account or self.admin).headers | request.pop("headers", {})
        return requests.request(method, f"{self.url}/api/2.0{path}", headers=headers, timeout=60, **request)

    def post(self, path: str, body: dict, account: Account | None = None) -> dict:
        """The answer to a JSON call that must succeed."""
        response = self.api("POST", f"/mlflow{path}", account, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def _store(self) -> list[str]:
        return ["--backend-store-uri", self.database, "--artifacts-destination", str(self.artifacts)]

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}


def find(pattern: str, text: str) -> str | None:
    """The first group of the pattern's first match."""
    match = re.search(pattern, text)
    return match and match[1]


@contextmanager
def running(folder: Path, database: str, *flags: str):
    """A server that is stopped and whose log is looked through afterwards."""
    server = Server(folder, database, *flags)
    try:
        server.start()
        yield server
    finally:
        server.stop()
    server.check_log()


def use_link(link: str, browser=requests, **request) -> requests.Response:
    """Signs in by a link, as its page does."""
    address, token = link.split("?token=")
    return browser.post(address, data={"token": token}, timeout=30, **request)


def check_refusal(response: requests.Response, status: int, code: str, *words: str):
    """A problem in MLflow's shape, whose message says these words."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"] == "application/json"
    problem = response.json()
    assert problem["error_code"] == code, problem
    for word in words:
        assert word in problem["message"], problem

"""Full load, a kill at a random moment, and again: every acknowledged point is there once, and nothing that nobody sent.

`cargo xtask test --only wire --kills 50` kills more often than the few times of a usual test; RUNMARK_KILL_SEED repeats
the choices of a run whose seed was printed (though not its timing). Start reading: `test_kills_lose_nothing`. To have
something else logged under fire, add a `Lane`.
"""

import json
import os
import random
import re
import sqlite3
import sys
import threading
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import pairwise, product
from urllib.parse import urlencode

import pytest
import requests
from conftest import database
from runmark import Account, Server, use_link

KILLS = int(os.environ.get("RUNMARK_KILLS", "5"))
SEED = int(os.environ.get("RUNMARK_KILL_SEED", time.time_ns() % 1_000_000))
# Runs take part in so many kills; then there are new ones, and the old ones come to rest.
KILLS_OF_RUNS = 4
# After a kill so many metrics of each run are looked at; all of them at the end.
LOOKED_AT = 20
# What the server says when it begins to merge, so that kills can be aimed at it.
MERGES = b"merging "


# -- what is logged


def key_of(metric: int) -> str:
    return f"net/layer {metric:03}"


def value_of(metric: int, step: int) -> float:
    """Of every point another sum of binary fractions, so that it is the same after any way through text."""
    return (step * 7919 + metric * 104_729) % 1_000_003 / 1024


def time_of(step: int) -> int:
    return 1_700_000_000_000 + 250 * step


@dataclass(eq=False)
class Batch:
    """One request: each of its metrics at each of its steps. No other batch has points of these steps."""

    run: "Run"
    metrics: range
    steps: range
    has_words: bool
    acknowledged: bool = False
    # Seen in the database: it must stay, even if nobody got an answer.
    seen: bool = False

    @property
    def words(self) -> dict[str, str]:
        """Names and values of its params, which are also those of its tags."""
        count = 3 if self.has_words else 0
        return {f"{self.steps.start}.{number}": f"word {self.steps.start * number}" for number in range(count)}

    @property
    def points(self) -> int:
        return len(self.metrics) * len(self.steps)

    def request(self) -> tuple[str, bytes]:
        """Where it is sent to, and its JSON. Made by hand: the load must not be bound by its making."""
        points = [
            f'{{"key":"{key_of(metric)}","value":{value_of(metric, step)!r},"timestamp":{time_of(step)},"step":{step}}}'
            for metric, step in product(self.metrics, self.steps)
        ]
        if self.points == 1 and not self.has_words:
            return "/runs/log-metric", f'{{"run_id":"{self.run.id}",{points[0][1:]}'.encode()
        words = json.dumps([{"key": key, "value": value} for key, value in self.words.items()])
        body = f'{{"run_id":"{self.run.id}","metrics":[{",".join(points)}],"params":{words},"tags":{words}}}'
        return "/runs/log-batch", body.encode()


@dataclass(eq=False)
class Run:
    """A run, and all that was sent to it."""

    id: str
    batches: list[Batch] = field(default_factory=list)
    next_step: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_batch(self, lane: "Lane", has_words: bool) -> Batch:
        with self.lock:
            steps = range(self.next_step, self.next_step + lane.steps)
            self.next_step = steps.stop
            self.batches.append(Batch(self, lane.metrics, steps, has_words))
            return self.batches[-1]


@dataclass(frozen=True)
class Lane:
    """What one connection logs to which of the runs, without a pause."""

    run: int
    metrics: range
    steps: int
    words: float = 0.0


LANES = [
    # Long: one run, and a metric that both log to.
    Lane(run=0, metrics=range(1), steps=1000),
    Lane(run=0, metrics=range(4), steps=250),
    # Wide: more metrics than one transaction of a merge takes.
    Lane(run=1, metrics=range(700), steps=1),
    Lane(run=1, metrics=range(200, 300), steps=2),
    # Calls of one metric, from several at once.
    *[Lane(run=2, metrics=range(1), steps=1)] * 4,
    Lane(run=2, metrics=range(1, 2), steps=1, words=0.05),
    # Some of everything, to a run of its own.
    Lane(run=3, metrics=range(20), steps=20, words=0.3),
]
RUNS = 1 + max(lane.run for lane in LANES)


class Load:
    """All lanes at work, until the server is killed."""

    def __init__(self, server: Server, runs: list[Run], again: dict[int, list[Batch]], chance: random.Random):
        self.server = server
        self.killed = threading.Event()
        self.faults: list[str] = []
        # The last that each connection sent, answered or not.
        self.last: dict[int, Batch] = {}
        self.threads = [
            threading.Thread(target=self._work, args=[number, runs, again.get(number, []), random.Random(chance.random())])
            for number in range(len(LANES))
        ]
        for thread in self.threads:
            thread.start()

    def _work(self, number: int, runs: list[Run], again: list[Batch], chance: random.Random):
        lane, todo = LANES[number], deque(again)
        headers = self.server.admin.headers | {"Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=30)) as connection:
            while not self.killed.is_set():
                batch = todo.popleft() if todo else runs[lane.run].next_batch(lane, chance.random() < lane.words)
                self.last[number] = batch
                path, body = batch.request()
                try:
                    connection.request("POST", f"/api/2.0/mlflow{path}", body, headers)
                    answer = connection.getresponse()
                    said = answer.read()
                except (OSError, HTTPException) as error:
                    if not self.killed.is_set():
                        self.faults.append(f"no answer, though nobody killed the server: {error!r}")
                    return
                if answer.status == 200:
                    batch.acknowledged = True
                    if chance.random() < 0.05:
                        todo.append(batch)
                elif answer.status == 429:
                    todo.appendleft(batch)
                    time.sleep(0.1)
                else:
                    self.faults.append(f"{answer.status}: {said[:500]}")
                    return

    def kill(self):
        self.killed.set()
        self.server.kill()
        for thread in self.threads:
            thread.join(60)
        assert not self.faults, self.faults


# -- what must be there


class Check:
    """Reads what is there of runs, in one way and in another."""

    def __init__(self, server: Server, experiment: str, browser: requests.Session, chance: random.Random):
        self.headers = server.admin.headers | {"Content-Type": "application/json"}
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.page = f"{server.url}/experiments/{experiment}/runs"
        self.experiment = experiment
        self.browser = browser
        self.chance = chance

    def ask(self, method: str, path: str, body: dict | None = None, **query) -> dict:
        address = f"/api/2.0/mlflow{path}?{urlencode(query)}"
        self.connection.request(method, address, body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        return json.loads(said)

    def history(self, run: Run, metric: int, **query) -> dict:
        return self.ask("GET", "/metrics/get-history", run_id=run.id, metric_key=key_of(metric), **query)

    def run(self, run: Run, most: int | None = None):
        """Compares the run, or so many of its metrics, with what was sent to it."""
        metrics = sorted({metric for batch in run.batches for metric in batch.metrics})
        if most and most < len(metrics):
            metrics = metrics[:4] + self.chance.sample(metrics[4:], most - 4)
        # Whichever comes first finds what the kill left behind.
        early = self.stored(run) if self.chance.random() < 0.5 else None
        steps = {metric: self.steps(run, metric) for metric in metrics}
        stored = early or self.stored(run)
        self.batches(run, steps, stored)
        self.summaries(run, steps, stored)
        for metric in self.chance.sample(metrics, 1):
            self.pages(run, metric, steps[metric])

    def stored(self, run: Run) -> dict:
        return self.ask("GET", "/runs/get", run_id=run.id)["run"]["data"]

    def steps(self, run: Run, metric: int) -> list[int]:
        """The steps at which the metric has a point, each of them right and there once."""
        points = self.history(run, metric).get("metrics", [])
        self.points(run, metric, points)
        return [point["step"] for point in points]

    def points(self, run: Run, metric: int, points: list[dict]):
        key = key_of(metric)
        strange = [
            point
            for point in points
            if (point["key"], point["value"], point["timestamp"])
            != (key, value_of(metric, point["step"]), time_of(point["step"]))
        ]
        assert not strange, f"nobody sent to {run.id}: {strange[:10]}"
        twice = [b["step"] for a, b in pairwise(points) if a["step"] >= b["step"]]
        assert not twice, f"{run.id}, {key_of(metric)}: {len(twice)} points twice or out of order, as at {twice[:10]}"

    def batches(self, run: Run, steps: dict[int, list[int]], stored: dict):
        """Every batch is there whole or not at all; not at all only if it wasn't acknowledged."""
        words = {kind: {word["key"]: word["value"] for word in stored.get(kind, [])} for kind in ("params", "tags")}
        left = {metric: set(steps) for metric, steps in steps.items()}
        lost = []
        for batch in run.batches:
            wanted, found = set(batch.steps), 0
            metrics = [metric for metric in batch.metrics if metric in left]
            for metric in metrics:
                found += len(left[metric] & wanted)
                left[metric] -= wanted
            for kind, (key, value) in product(words, batch.words.items()):
                found += words[kind].pop(key, None) == value
            whole = len(metrics) * len(wanted) + 2 * len(batch.words)
            if (batch.acknowledged or batch.seen) and found < whole:
                lost.append(f"{whole - found} of {whole} from step {batch.steps.start}")
            assert found in (0, whole) or lost, f"{run.id}: {found} of {whole} in one batch are there"
            batch.seen |= found > 0
        assert not lost, f"{run.id}: acknowledged or seen, and lost: {len(lost)} batches: {lost[:10]}"
        strange = {metric: sorted(steps)[:10] for metric, steps in left.items() if steps}
        assert not strange, f"nobody sent to {run.id}: {strange}"
        assert not words["params"], f"nobody sent to {run.id}: {words['params']}"
        assert all(key.startswith("mlflow.") for key in words["tags"]), f"nobody sent to {run.id}: {words['tags']}"

    def summaries(self, run: Run, steps: dict[int, list[int]], stored: dict):
        """Last values, least, greatest and numbers of points are those of the histories."""
        last = {metric["key"]: (metric["value"], metric["timestamp"], metric["step"]) for metric in stored.get("metrics", [])}
        for metric, found in steps.items():
            step = found[-1] if found else None
            expected = (value_of(metric, step), time_of(step), step) if found else None
            assert last.get(key_of(metric)) == expected, f"{run.id}: the last of {key_of(metric)}"
        counted = self.counted(run)
        for metric, found in steps.items():
            assert counted.get(key_of(metric), 0) == len(found), f"{run.id}: the points of {key_of(metric)}"
        logged = [metric for metric, found in steps.items() if found]
        for metric in self.chance.sample(logged, min(3, len(logged))):
            values = [value_of(metric, step) for step in steps[metric]]
            name = f"`{key_of(metric)}`"
            right = f"metrics.{name} = {values[-1]} AND min_metrics.{name} = {min(values)} AND max_metrics.{name} = {max(values)}"
            assert self.search(f"{right} AND attributes.run_id = '{run.id}'") == [run.id], right
            assert self.search(f"metrics.{name} != {values[-1]} AND attributes.run_id = '{run.id}'") == []

    def counted(self, run: Run) -> dict[str, int]:
        """How many points each metric has, as the run's page says."""
        page = self.browser.get(f"{self.page}/{run.id}", timeout=60)
        assert page.status_code == 200, page.text
        rows = re.findall(r"<th scope=\"row\" title=\"(net/[^\"]*)\".*?</th>(.*?)</tr>", page.text, re.DOTALL)
        return {key: int(re.findall(r">([\d,]+)<", cells)[-1].replace(",", "")) for key, cells in rows}

    def search(self, filter: str) -> list[str]:
        found = self.ask("POST", "/runs/search", {"experiment_ids": [self.experiment], "filter": filter})
        return [run["info"]["run_id"] for run in found.get("runs", [])]

    def pages(self, run: Run, metric: int, steps: list[int]):
        """The history a page at a time is the whole history."""
        size = self.chance.randint(1 + len(steps) // 12, 2 + len(steps))
        found, token = [], ""
        while page := self.history(run, metric, max_results=size, page_token=token):
            self.points(run, metric, page["metrics"])
            found += [point["step"] for point in page["metrics"]]
            if not (token := page.get("next_page_token")):
                break
        assert found == steps, f"{run.id}, {key_of(metric)}, by {size}"


# -- kills


def wait_for_a_merge(server: Server):
    """Returns when the next merge begins. Under load there is one in every few seconds."""
    log = server.folder / "stderr"
    begun, before = time.monotonic(), log.read_bytes().count(MERGES)
    while log.read_bytes().count(MERGES) == before:
        assert time.monotonic() - begun < 60, "nothing is merged"
        time.sleep(0.001)


def start(server: Server, chance: random.Random, kills: int) -> int:
    """Starts it, but kills it a few times before it got far; answers how often."""
    for _ in range(kills):
        # A start takes some hundredths of a second; then it looks for what was left behind.
        server.start_and_kill(chance.uniform(0, chance.choice([0.05, 0.2, 1.0])))
    server.start()
    if server.admin is None:
        # The start that would have told the token was killed before it did.
        server.admin = Account("admin", server.say("token", "create", "--user", "admin"))
        server.secrets.add(server.admin.token)
    return kills


@pytest.fixture
def unstarted(kind, tmp_path, monkeypatch):
    """A server that was never started."""
    monkeypatch.setenv("RUST_LOG", "info,sqlx=warn,domain::metric::merge=debug")
    # Or connections with small requests would wait for those that make large ones.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    with database(kind, tmp_path) as address:
        server = Server(tmp_path / "server", address)
        try:
            yield server
        finally:
            server.stop()
            sys.setswitchinterval(usual)
        server.check_log()


def test_kills_lose_nothing(unstarted, kind, capsys):
    server, chance = unstarted, random.Random(SEED)
    print(f"RUNMARK_KILL_SEED={SEED}")
    starting = start(server, chance, 3)
    experiment = server.post("/experiments/create", {"name": "under fire"})["experiment_id"]
    browser = requests.Session()
    use_link(server.say("user", "link", "admin", "--url", server.url), browser)
    runs: list[Run] = []
    again: dict[int, list[Batch]] = {}
    for kill in range(KILLS):
        if kill % KILLS_OF_RUNS == 0:
            new = [server.post("/runs/create", {"experiment_id": experiment, "start_time": 1}) for _ in range(RUNS)]
            runs += [Run(run["run"]["info"]["run_id"]) for run in new]
        current = runs[-RUNS:]
        load = Load(server, current, again, chance)
        if is_aimed := kill % 2 == 0:
            wait_for_a_merge(server)
        time.sleep(chance.uniform(0, 0.15) if is_aimed else chance.uniform(0.2, 3))
        load.kill()
        starting += start(server, chance, chance.choice([0, 0, 1]))
        check = Check(server, experiment, browser, chance)
        for run in chance.sample(current, RUNS) + chance.sample(runs[:-RUNS], min(1, len(runs) - RUNS)):
            check.run(run, LOOKED_AT)
        # Clients try again what wasn't answered, and some what was.
        again = {number: [batch] for number, batch in load.last.items() if chance.random() < 0.6}
    for run in runs:
        check.run(run)

    server.stop()
    if kind == "sqlite":
        with closing(sqlite3.connect(server.database.removeprefix("sqlite:///"))) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    batches = [batch for run in runs for batch in run.batches]
    acknowledged = sum(batch.points for batch in batches if batch.acknowledged)
    unanswered = [batch.seen for batch in batches if not batch.acknowledged]
    with capsys.disabled():
        print(
            f"\n{kind}: {KILLS} kills under load, {(KILLS + 1) // 2} of them as a merge went on, {starting} at a start. Of"
            f" {acknowledged:,} points acknowledged in {len(batches) - len(unanswered):,} calls none is lost and none there"
            f" twice; of {len(unanswered)} calls without an answer {sum(unanswered)} are there, whole."
        )

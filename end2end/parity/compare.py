"""What makes two answers the same: ids stand for the same thing, and what is "now" was written by the same call.

Lists whose order the protocol leaves open are sorted; the order of search results is not.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

HEX = re.compile(r"(?:tr-)?[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROOT = re.compile(r"(mlflow-artifacts:/)(\d+)(?=/|$)")
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
# Milliseconds before the first call in which a server may have made something of its own.
BEFORE = 600_000
GENERATED = re.compile(r"[a-z]+-[a-z]+-\d{1,4}")
# Ids of assessments that came with a trace.
UNTOLD = re.compile(r"a-[0-9a-f]{32}")
NOW = {
    "creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp", "creation_timestamp_ms", "last_updated_timestamp_ms",
    "create_time", "creationTime", "lastUpdateTime", "creationTimestamp", "lastUpdatedTimestamp",
}  # fmt: skip
# Within the data of a run or a model; points of histories keep their order.
UNORDERED = {
    *("tags", "params", "aliases", "latest_versions", "dataset_inputs", "model_inputs", "model_outputs", "request_metadata"),
    *("dataset_summaries", "datasetSummaries", "assessments"),
}
UNORDERED_WITHIN = {("metrics", "data"), ("events", "webhook"), ("events", "webhooks")}
# What MLflow alone says of an error, and what it notes for itself.
PASSED_OVER = {"sqlstate", "error_class", "mlflow.trace.infoFinalized", "mlflow.traceRequestId"}


class When:
    """A time that a server took from its clock: the calls that were under way."""

    def __init__(self, calls, millis):
        self.calls, self.millis = calls, millis

    def __eq__(self, other):
        return isinstance(other, When) and bool(self.calls & other.calls)

    __hash__ = None

    def __repr__(self):
        return f"during call {sorted(self.calls)}"


@dataclass(frozen=True)
class Difference:
    """One thing in which two answers differ."""

    label: str
    # status, message, body, header
    kind: str
    where: str
    mlflow: object
    runmark: object
    detail: str = ""

    @property
    def signature(self):
        """The same for differences that have the same cause, as far as one can tell."""
        return (self.label, self.kind, re.sub(r"\d+", "N", self.where), self.detail)


def normal(value, side, key="", within=""):
    """An answer without what differs between any two servers."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in PASSED_OVER and not _says_nothing(item)}
        return {name: normal(item, side, name, key) for name, item in kept.items()}
    if isinstance(value, list):
        kept = [item for item in value if not _is_passed_over(item)]
        normalised = [normal(item, side, key, within) for item in kept]
        if key in UNORDERED or (key, within) in UNORDERED_WITHIN or key == "run_ids":
            normalised.sort(key=_sort_key)
        elif (
            key == "metrics" and normalised and all(isinstance(item, dict) and "run_id" in item for item in normalised)
        ):
            # Histories of several runs come by run; the order of runs is that of their ids.
            normalised.sort(key=lambda item: item["run_id"])
        elif key == "spans" and all(isinstance(item, dict) for item in normalised):
            normalised = _begun_at_once(normalised)
        return normalised
    if key in NOW and (millis := _millis(value)) is not None:
        calls = side.calls_at(millis)
        return When(calls, millis) if calls else "earlier" if 0 < side.sent[0] - millis < BEFORE else value
    if isinstance(value, str):
        if key in ("next_page_token", "nextPageToken") and value:
            return "a token"
        if key in ("experiment_id", "experimentId"):
            return side.symbols.get(f"experiment {value}", value)
        return texts(value, side)
    return value


def _begun_at_once(spans):
    """Steps in their order, and by their ids where they began at the same time."""
    alike = groupby(spans, lambda span: ("parent_span_id" in span, span.get("start_time_unix_nano")))
    return [span for _, same in alike for span in sorted(same, key=lambda span: str(span.get("span_id")))]


def _is_passed_over(item):
    return isinstance(item, dict) and isinstance(item.get("key"), str) and item["key"] in PASSED_OVER


def _says_nothing(value):
    """Whether it holds only what is passed over."""
    if isinstance(value, dict):
        return bool(value) and all(name in PASSED_OVER for name in value)
    return isinstance(value, list) and bool(value) and all(_is_passed_over(item) for item in value)


def _millis(value):
    """A time, however it is written."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, str) and (found := TIME.fullmatch(value)):
        whole = datetime.fromisoformat(found[1] + "+00:00").timestamp()
        return int(whole) * 1000 + int((found[2] or "").ljust(3, "0")[:3])
    return None


def texts(value, side):
    """A text in which ids are what they stand for."""

    def symbol(match):
        return side.symbols.get(match[0].lower().removeprefix("tr-").replace("-", ""), match[0])

    value = HEX.sub(symbol, value)
    return ROOT.sub(lambda match: match[1] + side.symbols.get(f"experiment {match[2]}", match[2]), value)


def _sort_key(item):
    if not isinstance(item, dict):
        return json.dumps(item, default=str)
    named = [
        item.get(name)
        for name in ("key", "alias", "model_id", "version", "run_id", "dataset", "value", "timestamp", "step", "entity", "action")
    ]
    # Of datasets; what GraphQL leaves empty is null or "".
    named += [item.get(name) or "" for name in ("experiment_id", "experimentId", "name", "digest", "context")]
    # Of assessments.
    named += [item.get(name) or "" for name in ("assessment_name", "create_time")]
    return json.dumps(named, default=str, sort_keys=True)


def leaves(mlflow, runmark, where=""):
    """The places where two normalised answers differ, with both values."""
    if isinstance(mlflow, dict) and isinstance(runmark, dict):
        for name in sorted(mlflow.keys() | runmark.keys(), key=str):
            yield from leaves(mlflow.get(name, MISSING), runmark.get(name, MISSING), f"{where}.{name}")
    elif isinstance(mlflow, list) and isinstance(runmark, list) and len(mlflow) == len(runmark):
        if sorted(map(_whole, mlflow)) == sorted(map(_whole, runmark)) and mlflow != runmark:
            yield f"{where} order", mlflow, runmark
            return
        for index, pair in enumerate(zip(mlflow, runmark, strict=True)):
            yield from leaves(*pair, f"{where}[{index}]")
    elif isinstance(mlflow, list) and isinstance(runmark, list):
        yield f"{where} length", mlflow, runmark
    elif not same(mlflow, runmark):
        yield where, mlflow, runmark


class _Missing:
    def __repr__(self):
        return "(not there)"


MISSING = _Missing()


def _whole(item):
    return json.dumps(item, default=lambda other: "now", sort_keys=True)


def same(mlflow, runmark):
    """Whether two values that hold nothing else are the same."""
    if isinstance(mlflow, When) or isinstance(runmark, When):
        return mlflow == runmark
    if type(mlflow) is not type(runmark):
        return False
    if isinstance(mlflow, float):
        if math.isnan(mlflow) or math.isnan(runmark):
            return math.isnan(mlflow) and math.isnan(runmark)
        return mlflow == runmark and math.copysign(1, mlflow) == math.copysign(1, runmark)
    if isinstance(mlflow, str) and any(one.fullmatch(mlflow) and one.fullmatch(runmark) for one in (GENERATED, UNTOLD)):
        return True
    return mlflow == runmark


def compare(call, mlflow, runmark, sides):
    """All differences between two answers to a call."""
    if (mlflow.status, mlflow.code) != (runmark.status, runmark.code):
        shape = re.sub(r"'[^']*'|\"[^\"]*\"|\d+|\s+", " ", mlflow.message or runmark.message)[:50]
        # Tells apart what has different causes.
        detail = f"{mlflow.status} {mlflow.code} / {runmark.status} {runmark.code}: {shape}"
        yield Difference(call.label, "status", "", _said(mlflow), _said(runmark), detail)
        return
    if not mlflow.good:
        said = [texts(answer.message, side) for answer, side in zip((mlflow, runmark), sides, strict=True)]
        if said[0] != said[1]:
            shape = re.sub(r"'[^']*'|\"[^\"]*\"|\d+|\s+", " ", said[0])[:40]
            yield Difference(call.label, "message", "", said[0], said[1], shape)
        return
    if isinstance(mlflow.body, bytes) or isinstance(runmark.body, bytes):
        if mlflow.body != runmark.body:
            yield Difference(call.label, "body", "", mlflow.body, runmark.body)
        for name in ("content-type", "content-range", "accept-ranges", "content-length"):
            said = [answer.headers.get(name) for answer in (mlflow, runmark)]
            if said[0] != said[1]:
                yield Difference(call.label, "header", name, *said)
        return
    if call.path == "/graphql" and _is_refused(mlflow) and _is_refused(runmark):
        # What errors say isn't compared elsewhere either.
        return
    normalised = [normal(answer.body, side) for answer, side in zip((mlflow, runmark), sides, strict=True)]
    for where, one, other in leaves(*normalised):
        yield Difference(call.label, "body", where, one, other)


def _is_refused(answer):
    """Whether a query has errors alone: they come with status 200."""
    return isinstance(answer.body, dict) and bool(answer.body.get("errors")) and not any((answer.body.get("data") or {}).values())


def _said(answer):
    return f"{answer.status} {answer.code} {answer.message}"

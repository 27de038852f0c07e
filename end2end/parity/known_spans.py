"""Differences that are meant, of steps of traces and of what they say of their trace."""

import re
from datetime import datetime

from .accepted import ERRORS, Known
from .compare import MISSING

TRACES = "Traces"
EXPORT, READ = r"POST /v1/traces$", r"GET .*/traces/"
# All that there is to an answer that isn't JSON on both sides.
ANSWER = r"|content-type|content-length"
LAST = 2**63 - 1
SERVICE = {"claude-code", "codex_cli_rs", "codex_vscode", "gemini-cli", "qwen-code"}
NOWHERE = [{"trace_id": "AAAAAAAAAAAAAAAAAAAAAA==", "span_id": "AAAAAAAAAAA="}]


def _partial(answer):
    """What Runmark says of steps that it took in part."""
    return answer.body.get("partialSuccess") if answer.good and isinstance(answer.body, dict) else None


def left_out(answer):
    """Whether it left steps out that MLflow may have taken."""
    partial = _partial(answer)
    return bool(partial) and partial["rejectedSpans"] != "0"


def _said(pattern, refused):
    """Whether MLflow says nothing and Runmark this, of some steps that it refused or of none."""

    def fits(case):
        partial = _partial(case.runmark)
        return (
            case.mlflow.body == b""
            and partial is not None
            and (partial["rejectedSpans"] != "0") == refused
            and re.search(pattern, partial["errorMessage"])
        )

    return fits


def _as_asked(case):
    return case.mlflow.body == b"" and case.runmark.body == {}


def _spans(body):
    """The steps of a request, as far as it is one."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name == "spans" and isinstance(value, list):
                yield from (span for span in value if isinstance(span, dict))
            else:
                yield from _spans(value)
    elif isinstance(body, list):
        for item in body:
            yield from _spans(item)


def _has_no_id(case):
    return any(not span.get("traceId") or not span.get("spanId") for span in _spans(case.call["body"]))


def _is_lax(value):
    """Whether something stands where protobuf's JSON has no place for it, and Python's reader passes over it."""
    if isinstance(value, list):
        return any(map(_is_lax, value))
    if not isinstance(value, dict):
        return False
    return (
        any(value.get(name) in ("", [], ["a"]) for name in ("resource", "status"))
        or any("a" in value[name] for name in ("attributes", "events", "links") if isinstance(value.get(name), list))
        or isinstance(value.get("kind"), (bool, float))
        or any(map(_is_lax, value.values()))
    )


def _has_no_word_for_its_type(case):
    types = (
        pair.get("value") or {}
        for span in _spans(case.call["body"])
        for pair in span.get("attributes") or []
        if isinstance(pair, dict) and pair.get("key") == "mlflow.spanType"
    )
    return any("arrayValue" in given or "kvlistValue" in given for given in types)


def _passed_over(case):
    return _is_lax(case.call["body"])


def _info(case):
    """What MLflow tells of the trace in which the difference is."""
    found = case.mlflow.body
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", case.difference.where.split(".trace_info")[0]):
        found = found[name] if name else found[int(index)]
    return found["trace_info"]


def _is_told(case):
    return _info(case).get("trace_metadata", {}).get("mlflow.trace.infoFinalized") == "true"


def _ends_in_1970(case):
    """Whether MLflow takes an end that isn't there for one at 0."""
    if case.difference.runmark is not MISSING:
        return False
    since = datetime.fromisoformat(_info(case)["request_time"]).timestamp()
    return abs(float(case.difference.mlflow.removesuffix("s")) + since) < 0.0005


def _only_runmark(case):
    return case.difference.mlflow is MISSING


def _names_service(case):
    """Whether all that MLflow has more is what it calls the program."""
    both = [[] if told is MISSING else told for told in (case.difference.mlflow, case.difference.runmark)]
    if not all(isinstance(told, list) for told in both):
        return False
    more = [one for one in both[0] if one not in both[1]]
    return (
        len(more) == 1
        and more[0].get("key") == "service.name"
        and more[0]["value"].get("string_value") in SERVICE
        and [one for one in both[0] if one not in more] == both[1]
    )


def _bytes_as_text(case):
    """Whether MLflow writes bytes as Python does."""
    where, mlflow = case.difference.where, case.difference.mlflow
    if where.endswith("bytes_value"):
        return mlflow is MISSING
    return isinstance(mlflow, str) and re.match(r"\"?b['\"]", mlflow)


def _too_late(case):
    return isinstance(case.difference.mlflow, int) and case.difference.mlflow > LAST == case.difference.runmark


def _told_in_part(case):
    """Whether MLflow tells 250 characters of a longer text."""
    mlflow, runmark = str(case.difference.mlflow), str(case.difference.runmark)
    return len(mlflow) == 250 < len(runmark) <= 8000 and runmark.startswith(mlflow)


def _leads_nowhere(case):
    return case.difference.runmark is MISSING and case.difference.mlflow == NOWHERE


OF_SPANS = [
    Known("JSON is answered with JSON", TRACES, label=EXPORT, where=ANSWER, when=_as_asked),
    Known(
        "that steps weren't linked to a run is told",
        TRACES,
        label=EXPORT,
        where=ANSWER,
        when=_said("^Run with id|^The run .* must be in the 'active' state", refused=False),
    ),
    Known(
        "ids of zeros are none",
        TRACES,
        label=EXPORT,
        where=ANSWER,
        when=_said("^Some spans have no trace id", refused=True),
    ),
    Known(
        "a trace stays in its experiment",
        TRACES,
        label=EXPORT,
        where=ANSWER,
        when=_said("is there already, in another experiment", refused=True),
    ),
    Known(
        "steps without an id are left out, and the others taken",
        TRACES,
        (422, 200),
        EXPORT,
        "^Cannot convert OpenTelemetry span",
        when=_has_no_id,
    ),
    Known(
        "an experiment that isn't there, and steps that can't be read: the one or the other is said",
        ERRORS,
        (422, (400, 404)),
        EXPORT,
        "^Cannot convert OpenTelemetry span",
        "^Invalid experiment ID|^No Experiment with id",
        when=_has_no_id,
    ),
    Known(
        "the experiment that steps are sent to must be there",
        TRACES,
        (200, (400, 404)),
        EXPORT,
        runmark="^Invalid experiment ID|^No Experiment with id|^The experiment .* must be in the 'active' state",
    ),
    Known(
        "what isn't JSON as protobuf has it is refused, not passed over",
        TRACES,
        (200, 400),
        EXPORT,
        runmark="^Invalid OpenTelemetry format$",
        when=_passed_over,
    ),
    Known(
        "a session whose name is too long for MLflow",
        TRACES,
        (400, 200),
        EXPORT,
        "^'Session ID' exceeds",
    ),
    Known(
        "a type of a step that is no text is none",
        TRACES,
        (400, 200),
        EXPORT,
        "InterfaceError|ProgrammingError",
        when=_has_no_word_for_its_type,
    ),
    Known(
        "a trace is named after its first step",
        TRACES,
        label=READ,
        where=r".*\.trace_info\.tags\.mlflow\.traceName",
        when=_only_runmark,
    ),
    Known(
        "times that a client told stay",
        TRACES,
        label=READ,
        where=r".*\.trace_info\.(request_time|execution_duration)",
        when=_is_told,
    ),
    Known(
        "what has no end has taken no time yet",
        TRACES,
        label=READ,
        where=r".*\.trace_info\.execution_duration",
        when=_ends_in_1970,
    ),
    Known(
        "metadata is told as it is kept",
        TRACES,
        label="traces",
        where=r".*\.(trace|request)_metadata.*",
        when=_told_in_part,
    ),
    Known("steps keep their kind", TRACES, label=READ, where=r".*\.spans\[\d+\]\.kind", when=_only_runmark),
    Known("steps keep their links", TRACES, label=READ, where=r".*\.spans\[\d+\]\.links", when=_only_runmark),
    Known("a link without ids leads nowhere", TRACES, label=READ, where=r".*\.spans\[\d+\]\.links", when=_leads_nowhere),
    Known(
        "what a program calls itself is a tag of its trace",
        TRACES,
        label=READ,
        where=r".*\.spans\[\d+\]\.attributes( length)?",
        when=_names_service,
    ),
    Known(
        "bytes are bytes",
        TRACES,
        label=READ,
        where=r".*(bytes_value|string_value|_preview|\.trace_metadata\.mlflow\.trace\.(session|user))",
        when=_bytes_as_text,
    ),
    Known("times end in the year 2262", TRACES, label=READ, where=r".*\.time_unix_nano", when=_too_late),
]

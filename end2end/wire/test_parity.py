"""MLflow's own server beside Runmark: the same calls get the same answers, but for what `parity/known.py` lists."""

import sys
from pathlib import Path

import pytest

from conftest import database

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.compare import Difference  # noqa: E402
from parity.drive import Drive, told  # noqa: E402
from parity.explore import collect, shortest  # noqa: E402
from parity.known import Case, known  # noqa: E402
from parity.sides import Answer, both  # noqa: E402

# `cargo xtask parity --cases 20000 --seed 2` compares more of them, and others.
CALLS = 600


@pytest.fixture
def drive(kind, tmp_path):
    """Both servers, with nothing in them."""
    with database(kind, tmp_path) as address, both(tmp_path, address) as sides:
        yield Drive(*sides)


def test_both_answer_alike(drive):
    findings = [shortest(drive, finding) for finding in collect(drive, CALLS, first_seed=1)]
    lines = []
    for finding in findings:
        lines += ["", *(told(call) for call in finding.calls)]
        lines += [f"  MLflow:  {finding.difference.mlflow}", f"  Runmark: {finding.difference.runmark}"]
    assert not findings, "\n".join(lines)


SEARCH, CREATE, OLDER = "POST /api/3.0/mlflow/traces/search", "POST /api/3.0/mlflow/traces", "POST /api/2.0/mlflow/traces"


def why(label, mlflow, runmark, where="", **given):
    """Why the difference is meant, if it is: of answers with messages, or of values somewhere in good ones."""
    call = {"body": given, "query": [], "path": "", "method": "", "label": label}
    if where:
        answers = [Answer(200, "", {}, {})] * 2
        difference = Difference(label, "body", where, mlflow, runmark)
    else:
        answers = [Answer(status, "", {}, {"message": message}) for status, message in (mlflow, runmark)]
        difference = Difference(label, "status", "", "", "")
    found = known(Case(call, *answers, difference))
    return found and found.reason


@pytest.mark.parametrize(
    "mlflow, runmark, filter, reason",
    [
        ((400, "Invalid clause(s) in filter string: 'timestamp', '=', '1e3'"), (200, ""), "timestamp = 1e3", "numbers with an exponent"),
        ((400, "Invalid clause(s) in filter string: 'timestamp', '>', '0.5'"), (200, ""), "timestamp > 0.5", "numbers with a point"),
        ((400, "Invalid clause(s) in filter string: 'a'"), (200, ""), "AND run_id IN ('a') run_id IN ('b')", "AND may be left out"),
        ((400, "Invalid clause(s) in filter string: 'a'"), (200, ""), "name = 'a b = c' AND run_id IN ('b') AND", None),
        ((200, ""), (400, "Invalid clause(s) in filter string: ''s'. The quote is not closed."), r"tags.t = 'it\'s'", "a backslash before a quote is a backslash"),
        ((200, ""), (400, "Invalid clause(s) in filter string: ''s'. The quote is not closed."), "tags.t = 's", None),
        ((200, ""), (400, "Invalid comparator 'RLIKE' not one of '='"), "name RLIKE 'a'", "no RLIKE"),
        ((200, ""), (400, "Invalid comparator '~' not one of '='"), "name ~ 'a'", None),
    ],
)
def test_what_is_meant_of_filters(mlflow, runmark, filter, reason):
    for label in [SEARCH, "GET /api/2.0/mlflow/traces"]:
        assert why(label, mlflow, runmark, filter=filter) == reason


@pytest.mark.parametrize(
    "label, where, mlflow, runmark, reason",
    [
        (CREATE, ".trace.trace_info.trace_metadata.k", "x" * 250, "x" * 8000, "metadata is answered as it is kept"),
        (CREATE, ".trace.trace_info.trace_metadata.k", "x" * 250, "y" * 8000, None),
        (CREATE, ".trace.trace_info.trace_metadata.k", "x" * 8000, "x" * 250, None),
        (CREATE, ".trace.trace_info.request_preview", "x" * 5000, "x" * 1000, "previews have 1,000 characters"),
        (CREATE, ".trace.trace_info.request_preview", "x" * 5000, "x" * 999, None),
        (OLDER, ".trace_info.timestamp_ms", 2**63 - 1, 253_402_300_799_999, "times are those that clients can read"),
        (OLDER, ".trace_info.timestamp_ms", 5, 253_402_300_799_999, None),
        (OLDER, ".trace_info.timestamp_ms", -(2**63), 253_402_300_799_999, None),
        (OLDER, ".trace_info.execution_time_ms", 2**53 - 5, 253_402_300_799_994, "times are those that clients can read"),
        (OLDER, ".trace_info.execution_time_ms", 10, 11, None),
    ],
)
def test_what_is_meant_of_values(label, where, mlflow, runmark, reason):
    assert why(label, mlflow, runmark, where) == reason

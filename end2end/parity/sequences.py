"""Sequences of calls about things of their own.

A sequence begins with an experiment and two runs, mostly also a registered model with a version and a logged model, so that what
follows meets something. Placeholders stand for what it made.
"""

from hypothesis import strategies as st

from .call import Call
from .calls import GROUPS, OF_TRACES, STEPS, WEIGHTS
from .calls.files import ARTIFACTS
from .calls.traces import FIRST_TRACE
from .calls.tracking import create_run
from .values import ABSENT, mostly


def starts(position):
    """When the run at this position of a sequence started: no two start at the same time."""
    return mostly(
        st.just(1_700_000_000_000 + position * 1000),
        st.just([ABSENT, 2**53 + 1, 2**63 - 1, -5, "1600000000000", 1.0, 1e15, "17.0"][position % 8]),
        8 if position < 8 else 10,
    )


@st.composite
def sequences(draw, groups=None, most=24):
    """A sequence of calls about things of its own."""
    # One in six by default.
    groups = groups or (STEPS if draw(st.integers(0, 5)) == 3 else WEIGHTS)
    call = Call(
        "POST", "/api/2.0/mlflow/experiments/create", body={"name": "⟦own⟧"}, makes=("experiment", ("experiment_id",))
    )
    made = [call]
    position = 0

    def run():
        nonlocal position
        position += 1
        return draw(create_run(starts(position - 1)))

    start = {"experiment_id": "⟦experiment:0⟧", "start_time": 1_600_000_000_000, "run_name": "first"}
    made.append(Call("POST", "/api/2.0/mlflow/runs/create", body=start, makes=("run", ("run", "info", "run_id"))))
    made.append(run())
    if draw(st.integers(0, 4)) != 2:
        made.append(
            Call(
                "POST",
                "/api/2.0/mlflow/registered-models/create",
                body={"name": "⟦own⟧ a"},
                makes=("name", ("registered_model", "name")),
            )
        )
        made.append(
            Call("POST", "/api/2.0/mlflow/model-versions/create", body={"name": "⟦own⟧ a", "source": "s3://bucket/x"})
        )
    if draw(st.booleans()):
        body = {"experiment_id": "⟦experiment:0⟧", "name": "lm", "source_run_id": "⟦run:0⟧"}
        made.append(
            Call("POST", "/api/2.0/mlflow/logged-models", body=body, makes=("model", ("model", "info", "model_id")))
        )
    if OF_TRACES.intersection(groups) and draw(st.integers(0, 3)) != 2:
        made += FIRST_TRACE
    count = draw(st.integers(4, most))
    for _ in range(count):
        group = draw(st.sampled_from(groups))
        if group == "runs" and draw(st.integers(0, 9)) == 5:
            made.append(run())
        else:
            made.append(draw(GROUPS[group][draw(st.integers(0, len(GROUPS[group]) - 1))]))
    return made


def _json(method, path, body, makes=None):
    return Call(method, f"/api/2.0/mlflow/{path}", body=body, makes=makes)


BEGINNING = [
    _json("POST", "experiments/create", {"name": "⟦own⟧"}, ("experiment", ("experiment_id",))),
    _json(
        "POST", "runs/create", {"experiment_id": "⟦experiment:0⟧", "start_time": 1}, ("run", ("run", "info", "run_id"))
    ),
]


def _text(key, text):
    return {"key": key, "value": {"stringValue": text}}


def _steps(*steps, service=None):
    """Steps of a trace that a program sends; what isn't said of one is usual."""
    usual = {"traceId": "⟦hex:1⟧", "startTimeUnixNano": "1700000000123456789", "endTimeUnixNano": "1700000002000000000"}
    spans = [{**usual, "spanId": f"{place:016x}", "name": f"step {place}", **step} for place, step in enumerate(steps, 1)]
    resource = {"attributes": [_text("service.name", service)]} if service else {}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    return Call("POST", "/v1/traces", body=body, headers={"x-mlflow-experiment-id": "⟦experiment:0⟧"})


STEPS_OF = Call("GET", "/api/3.0/mlflow/traces/get", query=(("trace_id", "tr-⟦hex:1⟧"), ("allow_partial", "true")))

# In what they differed once.
PINNED = [
    [
        *BEGINNING,
        _json("POST", "runs/update", {"run_id": "⟦run:0⟧", "status": "3"}),
        _json("POST", "runs/update", {"run_id": "⟦run:0⟧", "status": "9"}),
        _json("POST", "runs/log-metric", {"run_id": "⟦run:0⟧", "key": "m", "value": " 1.5", "timestamp": 1}),
        _json("POST", "runs/log-metric", {"run_id": "⟦run:0⟧", "key": "m", "value": "-inf", "timestamp": 2}),
        _json("POST", "runs/outputs", {"run_id": "⟦run:0⟧", "models": []}),
        _json("POST", "runs/outputs", {"run_id": "⟦run:0⟧"}),
        _json(
            "POST",
            "runs/log-inputs",
            {
                "run_id": "⟦run:0⟧",
                "datasets": [
                    {"dataset": {"name": "d", "digest": "1", "source_type": "s", "source": "s", "profile": ""}}
                ],
            },
        ),
        Call("GET", "/api/2.0/mlflow/runs/get", query=(("run_id", "⟦run:0⟧"),)),
    ],
    [
        *BEGINNING,
        _json(
            "POST",
            "logged-models",
            {"experiment_id": "⟦experiment:0⟧", "name": "m"},
            ("model", ("model", "info", "model_id")),
        ),
        Call("GET", "/api/2.0/mlflow/logged-models/⟦model:0⟧"),
        _json("POST", "logged-models/search", {"experiment_ids": []}),
        _json("POST", "logged-models/search", {}),
        _json("POST", "registered-models/create", {"name": "⟦own⟧"}, ("name", ("registered_model", "name"))),
        _json("PATCH", "registered-models/update", {"name": "⟦own⟧", "description": ""}),
        _json("POST", "model-versions/create", {"name": "⟦own⟧", "source": "s3://bucket/x"}),
        Call("PUT", f"{ARTIFACTS}/⟦experiment:0⟧/⟦run:0⟧/artifacts/dir/", raw=b"text"),
        Call("GET", ARTIFACTS, query=(("path", "⟦experiment:0⟧/⟦run:0⟧/artifacts"),)),
    ],
    [
        *BEGINNING,
        _steps(
            {"parentSpanId": "9" * 16, "attributes": [_text("session.id", ""), _text("user.id", "u")], "startTimeUnixNano": "1700000001000000000"},
            {"parentSpanId": "9" * 16, "attributes": [_text("session.id", "s")], "name": "", "startTimeUnixNano": 0},
        ),
        STEPS_OF,
        _steps({"parentSpanId": "9" * 16, "attributes": [_text("session.id", '"s-1"')]}, service="shop"),
        STEPS_OF,
        _steps(
            {"status": {"code": 2, "message": "broke"}, "attributes": [_text("mlflow.spanInputs", "first")]},
            {"attributes": [_text("mlflow.spanInputs", '{"messages": [{"role": "user", "content": "why?"}]}')]},
            {"attributes": [_text("mlflow.spanOutputs", "5"), _text("list", "[1, null]"), _text("five", "5")], "endTimeUnixNano": None},
            service="claude-code",
        ),
        STEPS_OF,
        _steps({"attributes": [{"key": "none", "value": {}}, {"key": "", "value": {"doubleValue": 1e300}}], "kind": "2"}, service="bank"),
        STEPS_OF,
        _steps({"kind": "no kind"}),
        _steps({"startTimeUnixNano": "1.7e18", "events": [{"name": "", "timeUnixNano": "0"}]}),
        STEPS_OF,
    ],
]

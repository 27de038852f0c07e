"""Traces: what clients of MLflow 3 tell of them, what those before told, and searches."""

from hypothesis import strategies as st

from .. import filters, values
from ..call import Call, arguments, at, get, items, maybe, post
from ..values import ABSENT, EXPERIMENT, RUN, mostly, one_of, rarely, ref
from .assessments import NEW_ASSESSMENT
from .spans import TOLD, whole
from .trace_metrics import TRACE_METRICS
from .tracking import TAGS

TRACE = mostly(ref("trace"), one_of("tr-" + "e" * 32, "abc", "tr-x", "⟦run:0⟧", "⟦TRACE:0⟧", "x" * 60), 9)
# What is answered to who makes one.
MADE = TOLD.makes
MADE_V2 = ("trace", ("trace_info", "request_id"))
TRACE_TAG_KEYS = rarely(
    one_of("t", "u", "a b", "mlflow.traceName", "n.a"),
    mostly(one_of("mlflow.artifactLocation", "mlflow.trace.spansLocation", "mlflow.user"), values.ODD_NAMES, 5),
    12,
)
# What a trace begins with: tags that say what the server knows aren't kept.
FIRST_TAG_KEYS = TRACE_TAG_KEYS.filter(lambda key: key not in ("mlflow.artifactLocation", "mlflow.trace.spansLocation"))
METADATA_KEYS = rarely(
    one_of("k", "mlflow.sourceRun", "mlflow.trace.session", "mlflow.trace.user", "a b"),
    mostly(one_of("mlflow.trace.tokenUsage", "mlflow.trace.sizeStats", "mlflow.source.name"), values.ODD_NAMES, 5),
    12,
)
METADATA_TEXTS = mostly(one_of("⟦run:0⟧", "⟦run:1⟧", "s-1", "alice", "a"), values.TEXTS, 8)
MILLIS = rarely(st.integers(1, 999_999).map(lambda i: 1_700_000_000_000 + i), values.ODD_INTS)


def pairs(keys, texts):
    """Texts by key, as an object."""
    return rarely(st.dictionaries(keys, texts, max_size=3), values.WRONG, 50)


def times(least, most):
    """Times as protobuf writes them, with doubtful ones."""
    usual = st.integers(least, most).map(lambda i: f"2023-11-14T22:{i // 60000:02d}:{i // 1000 % 60:02d}.{i % 1000:03d}Z")
    odd = one_of(
        "", "2023-11-14", "2023-11-14T22:13:20+02:00", "1970-01-01T00:00:00Z", "2023-11-14T22:13:20.123456789Z", "2023-11-14T22:13:20.1Z",
        "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "1700000000000", "2023-11-14 22:13:20Z", "2023-13-14T22:13:20Z",
        "2023-11-14T22:13:20z", "2023-11-14T22:13:20", 1_700_000_000_000, None, {"seconds": 5},
    )  # fmt: skip
    return rarely(usual, odd, 15)


LOCATION = arguments(
    spoil=60,
    type=maybe(one_of("MLFLOW_EXPERIMENT", "MLFLOW_EXPERIMENT", "INFERENCE_TABLE", 1, "x"), 8),
    mlflow_experiment=arguments(spoil=60, experiment_id=EXPERIMENT),
)
DURATIONS = rarely(
    st.integers(0, 5000).map(lambda i: f"{i / 1000}s"),
    one_of("0s", "-1s", "1", "abc", "", "1.0005s", "1.s", ".5s", "1e3s", "315576000000s", "9999999999999s", 1.5, 2, None, " 1s", "+1s", "-0.5s"),
    12,
)  # fmt: skip
STATES = mostly(
    one_of("OK", "ERROR", "IN_PROGRESS"), one_of("STATE_UNSPECIFIED", "ok", "NOPE", "", 0, 1, 2, 3, 4, "1", None, True), 9
)
TRACE_INFO = arguments(
    spoil=40,
    trace_id=rarely(
        st.integers(0, 3).map(lambda index: f"tr-⟦hex:{index}⟧"),
        one_of("⟦hex:5⟧", "⟦own⟧", "tr-⟦own⟧", "TR-⟦hex:6⟧", "⟦trace:0⟧", "tr-" + "A" * 32),
        25,
    ),
    client_request_id=maybe(rarely(one_of("c-1", "c-2", "C-1"), values.TEXTS, 10), 5),
    trace_location=LOCATION,
    request_preview=maybe(rarely(one_of("hi", "what?"), values.TEXTS, 5), 5),
    response_preview=maybe(rarely(one_of("yo", ""), values.TEXTS, 5), 4),
    request_time=maybe(times(1, 999_999), 9),
    execution_duration=maybe(DURATIONS, 8),
    state=maybe(STATES, 9),
    trace_metadata=maybe(pairs(METADATA_KEYS, METADATA_TEXTS), 7),
    tags=maybe(pairs(FIRST_TAG_KEYS, values.TEXTS), 7),
    assessments=maybe(st.lists(NEW_ASSESSMENT, max_size=2), 2),
)
FIRST_TRACE = [
    TOLD,
    Call(
        "POST",
        "/api/2.0/mlflow/traces",
        body={"experiment_id": "⟦experiment:0⟧", "timestamp_ms": 1_700_000_000_600, "tags": [{"key": "t", "value": "b"}]},
        makes=MADE_V2,
    ),
    Call(
        "POST",
        "/api/3.0/mlflow/traces/⟦trace:0⟧/assessments",
        body={
            "assessment": {
                "assessment_name": "good",
                "source": {"source_type": "HUMAN", "source_id": "alice"},
                "feedback": {"value": True},
                "create_time": "2023-11-14T22:13:21Z",
                "last_update_time": "2023-11-14T22:13:21Z",
            }
        },
        makes=("assessment", ("assessment", "assessment_id")),
    ),
]  # fmt: skip

IDS = mostly(st.lists(TRACE, min_size=1, max_size=4), one_of([], None, "⟦trace:0⟧", [5], [""], ["⟦trace:0⟧"] * 2), 9)
WHERE = mostly(
    st.lists(st.fixed_dictionaries({"type": st.just("MLFLOW_EXPERIMENT"), "mlflow_experiment": st.fixed_dictionaries({"experiment_id": ref("experiment", 2)})}), min_size=1, max_size=2),
    one_of(
        [], None, "⟦experiment:0⟧", [{}], [{"mlflow_experiment": {}}], [{"mlflow_experiment": {"experiment_id": "abc"}}],
        [{"mlflow_experiment": {"experiment_id": "999999"}}], [{"type": "MLFLOW_EXPERIMENT"}], [5], [{"mlflow_experiment": {"experiment_id": ""}}],
        [{"mlflow_experiment": {"experiment_id": "⟦experiment:0⟧"}}], [{"inference_table": {"full_table_name": "a.b.c"}}],
    ),
    9,
)  # fmt: skip
ASKED = {
    "filter": maybe(filters.TRACE_FILTERS, 8),
    "order_by": maybe(filters.TRACE_ORDERS, 6),
    "max_results": maybe(mostly(one_of(1, 2, 3, 100), one_of(0, -1, 500, 501, "2", "abc", 1.5, None, 2**31), 9), 6),
    "page_token": values.TOKENS,
}
DELETIONS = {
    "experiment_id": EXPERIMENT,
    "max_timestamp_millis": maybe(rarely(MILLIS, one_of(2**62, 0)), 3),
    "max_traces": maybe(rarely(one_of(1, 2), one_of(0, -1, "1", "abc", 2**31, None), 5), 3),
    "request_ids": maybe(IDS, 5),
}
TAG = {"key": TRACE_TAG_KEYS, "value": maybe(values.TEXTS, 9)}


def tags(place, api):
    """Setting and deleting tags, which each version does at a path of its own."""
    set_it, delete_it = post(place, method="PATCH", api=api, **TAG), post(place, method="DELETE", api=api, key=TRACE_TAG_KEYS)
    return [at(place, set_it, trace=TRACE), at(place, delete_it, trace=TRACE)]


TRACES = [
    *[post("traces", MADE, api="3.0", trace=arguments(spoil=60, trace_info=TRACE_INFO))] * 4,
    TRACE.map(whole),
    get("traces/batchGet", api="3.0", trace_ids=IDS, experiment_ids=maybe(st.lists(EXPERIMENT, max_size=2), 3)),
    post("traces/batchGetInfos", api="3.0", trace_ids=IDS, experiment_ids=maybe(st.lists(EXPERIMENT, max_size=2), 3)),
    *[post("traces/search", pages=2, api="3.0", locations=WHERE, **ASKED)] * 6,
    *TRACE_METRICS,
    post("traces/delete-traces", api="3.0", **DELETIONS),
    TRACE.map(lambda trace: Call("GET", f"/api/3.0/mlflow/traces/{trace}")),
    *tags("traces/{trace}/tags", "3.0"),
    *[
        post(
            "traces",
            MADE_V2,
            experiment_id=EXPERIMENT,
            timestamp_ms=maybe(MILLIS, 9),
            request_metadata=maybe(items(key=METADATA_KEYS, value=METADATA_TEXTS), 6),
            tags=maybe(rarely(TAGS, items(key=FIRST_TAG_KEYS, value=values.TEXTS)), 6),
        )
    ]
    * 2,
    get(
        "traces",
        pages=1,
        experiment_ids=mostly(st.lists(ref("experiment", 2), min_size=1, max_size=2), one_of(ABSENT, ["abc"], ["999999"], [""]), 9),
        **ASKED,
    ),
    at(
        "traces/{trace}",
        post(
            "traces/{trace}",
            method="PATCH",
            timestamp_ms=maybe(MILLIS, 9),
            status=maybe(mostly(one_of("OK", "ERROR", "IN_PROGRESS"), one_of("TRACE_STATUS_UNSPECIFIED", "NOPE", "", 1, 4, None), 8), 9),
            request_metadata=maybe(items(key=METADATA_KEYS, value=METADATA_TEXTS), 5),
            tags=maybe(items(key=FIRST_TAG_KEYS, value=values.TEXTS), 5),
        ),
        trace=TRACE,
    ),
    TRACE.map(lambda trace: Call("GET", f"/api/2.0/mlflow/traces/{trace}/info")),
    *tags("traces/{trace}/tags", "2.0"),
    post("traces/delete-traces", **DELETIONS),
    post("traces/link-to-run", run_id=RUN, trace_ids=IDS),
    post(
        "traces/link-prompts",
        trace_id=TRACE,
        prompt_versions=mostly(
            items(least=1, name=rarely(one_of("p", "q"), values.ODD_NAMES), version=mostly(one_of("1", "2"), one_of("", "x", "01", "-1", 1), 9)),
            one_of([], None),
            9,
        ),
    ),
]  # fmt: skip

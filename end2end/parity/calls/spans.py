"""Steps of traces by OpenTelemetry's protocol, as JSON, and traces with the steps that they have."""

from hypothesis import strategies as st

from .. import values
from ..call import Call, arguments, get, maybe
from ..values import EXPERIMENT, RUN, mostly, one_of, rarely

SPAN_IDS = ["1111111111111111", "2222222222222222", "3333333333333333"]
TEXT = rarely(one_of("gpt", "a", "it's", "100%", "ünï"), values.TEXTS, 8)
ANY = st.one_of(
    TEXT.map(lambda text: {"stringValue": text}),
    TEXT.map(lambda text: {"stringValue": text}),
    rarely(
        one_of({"intValue": "5"}, {"intValue": 7}, {"doubleValue": 0.5}, {"boolValue": True}),
        one_of(
            {}, {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}, {"arrayValue": {}},
            {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}, {"doubleValue": "NaN"}, {"bytesValue": "AQI="},
            {"stringValue": 5}, {"intValue": "x"}, {"doubleValue": "-Infinity"}, {"intValue": str(2**63 - 1)}, {"doubleValue": 1e300}, {"boolValue": "true"},
        ),
        3,
    ),
)  # fmt: skip
JSON_TEXT = one_of('{"q": "hi"}', '"hi"', "hi", "[1, 2]", "5", "null", '{"a": ', "").map(lambda text: {"stringValue": text})
ATTRIBUTE = st.one_of(
    st.fixed_dictionaries({"key": rarely(one_of("model", "a b", "n.a"), values.ODD_NAMES, 12), "value": ANY}),
    st.fixed_dictionaries(
        {
            "key": one_of("mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.traceRequestId", "session.id", "user.id"),
            "value": mostly(JSON_TEXT, ANY, 9),
        }
    ),
)
ATTRIBUTES = st.lists(ATTRIBUTE, max_size=3, unique_by=lambda pair: pair["key"])
NANOS = rarely(
    st.integers(1, 999_999).map(lambda i: str((1_700_000_000_000 + i) * 1_000_000)),
    one_of(0, "0", 1_700_000_000_000_000_000, "1700000000123456789", "x", -1, str(2**63), str(2**64 - 1), None),
)
ANY_SPAN = arguments(
    spoil=60,
    traceId=rarely(
        st.integers(0, 3).map(lambda index: f"⟦hex:{index}⟧"), one_of("", "0" * 32, "abc", "zz" * 16, "⟦hex:9⟧"), 40
    ),
    spanId=rarely(one_of(*SPAN_IDS), one_of("", "0" * 16, "abc", "zz" * 8), 40),
    parentSpanId=maybe(rarely(one_of("", "", *SPAN_IDS), one_of("abc", "9" * 16)), 6),
    name=rarely(one_of("root", "call", "tool"), values.ODD_NAMES, 10),
    kind=maybe(rarely(one_of(0, 1, 2, 3), one_of("SPAN_KIND_SERVER", 9, -1, "x")), 6),
    startTimeUnixNano=NANOS,
    endTimeUnixNano=maybe(NANOS, 8),
    attributes=maybe(ATTRIBUTES, 8),
    status=maybe(one_of({}, {"code": 1}, {"code": 2, "message": "broke"}, {"code": "STATUS_CODE_ERROR"}, {"code": 7}), 6),
    events=maybe(
        st.lists(arguments(spoil=60, name=one_of("e", "exception"), timeUnixNano=NANOS, attributes=maybe(ATTRIBUTES, 4)), max_size=2), 2
    ),
    links=maybe(one_of([], [{"traceId": "⟦hex:1⟧", "spanId": SPAN_IDS[0]}], [{}]), 1),
)  # fmt: skip


def ended(span):
    """A first step has an end: without one its trace goes on, in Runmark alone."""
    if isinstance(span, dict) and not span.get("parentSpanId") and span.get("endTimeUnixNano") in (None, 0, "0"):
        return span | {"endTimeUnixNano": "1700000002000000000"}
    return span


SPAN = ANY_SPAN.map(ended)
REQUEST = arguments(
    spoil=60,
    resourceSpans=st.lists(
        arguments(
            spoil=80,
            resource=maybe(
                one_of(
                    {},
                    {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]},
                    {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                ),
                3,
            ),
            scopeSpans=st.lists(arguments(spoil=80, spans=st.lists(SPAN, min_size=1, max_size=3)), min_size=1, max_size=1),
        ),
        min_size=1,
        max_size=2,
    ),
)  # fmt: skip


def each_once(request):
    """The request with the first of steps that have the same id: no program sends one twice at once."""
    seen = set()

    def is_new(span):
        if not isinstance(span, dict):
            return True
        known = str((span.get("traceId"), span.get("spanId")))
        return known not in seen and not seen.add(known)

    def within(items, name, kept):
        return [{**item, name: kept(item[name])} if isinstance(item, dict) and isinstance(item.get(name), list) else item for item in items]

    def of_scopes(scopes):
        return within(scopes, "spans", lambda spans: [span for span in spans if is_new(span)])

    if not isinstance(request.get("resourceSpans"), list):
        return request
    return {**request, "resourceSpans": within(request["resourceSpans"], "scopeSpans", of_scopes)}


def export(drawn):
    """Steps that are sent."""
    request, experiment, run, kind = drawn
    headers = {"x-mlflow-experiment-id": experiment, "x-mlflow-run-id": run, "Content-Type": kind}
    return Call("POST", "/v1/traces", body=each_once(request), headers={name: value for name, value in headers.items() if value})


# Headers are ASCII.
IN_HEADER = mostly(st.just("⟦experiment:0⟧"), EXPERIMENT.filter(str.isascii), 9)
KINDS = rarely(st.just("application/json"), one_of("application/json; charset=utf-8", "text/plain", "APPLICATION/JSON", "application/x-protobuf"))
RUN_HEADER = mostly(st.just(None), RUN.filter(str.isascii), 7)
TRACE = mostly(st.integers(0, 3).map(lambda index: f"tr-⟦hex:{index}⟧"), st.just("tr-⟦hex:8⟧"), 9)
# A trace that its client tells of, before its steps come or after.
TOLD = Call(
    "POST",
    "/api/3.0/mlflow/traces",
    body={
        "trace": {
            "trace_info": {
                "trace_id": "tr-⟦hex:0⟧",
                "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "⟦experiment:0⟧"}},
                "request_time": "2023-11-14T22:13:20.500Z",
                "execution_duration": "1.5s",
                "state": "OK",
                "tags": {"t": "a", "mlflow.traceName": "first"},
                "trace_metadata": {"mlflow.sourceRun": "⟦run:0⟧", "k": "a"},
            }
        }
    },
    # What is answered to who makes one.
    makes=("trace", ("trace", "trace_info", "trace_id")),
)  # fmt: skip


def whole(trace):
    """A trace with the steps that are there: for others both servers would wait."""
    return Call("GET", "/api/3.0/mlflow/traces/get", query=(("trace_id", trace), ("allow_partial", "true")))


SPANS = [
    *[st.tuples(REQUEST, IN_HEADER, RUN_HEADER, KINDS).map(export)] * 6,
    st.just(TOLD),
    *[TRACE.map(whole)] * 3,
    get("traces/batchGet", api="3.0", trace_ids=st.lists(TRACE, min_size=1, max_size=3)),
    TRACE.map(lambda trace: Call("GET", f"/api/3.0/mlflow/traces/{trace}")),
]

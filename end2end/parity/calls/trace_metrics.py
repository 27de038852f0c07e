"""Metrics of traces: what goes together, with one thing now and then that doesn't."""

from hypothesis import strategies as st

from .. import values
from ..call import arguments, maybe, post
from ..values import ABSENT, mostly, one_of, rarely, ref

FIGURES = ("AVG", "MIN", "MAX", "PERCENTILE")
# View, metric, what can be made of it, and by what it can be told.
METRICS = [
    ("TRACES", "trace_count", ("COUNT",), ("trace_name", "trace_status")),
    ("TRACES", "session_count", ("COUNT",), ()),
    ("TRACES", "latency", FIGURES, ("trace_name",)),
    ("TRACES", "input_tokens", ("SUM", *FIGURES), ("trace_name",)),
    ("TRACES", "total_tokens", ("SUM", *FIGURES), ("trace_name",)),
    ("ASSESSMENTS", "assessment_count", ("COUNT",), ("assessment_name", "assessment_value")),
    ("ASSESSMENTS", "assessment_value", FIGURES, ("assessment_name",)),
    ("SPANS", "span_count", ("COUNT",), ("span_name", "span_type", "span_status", "span_model_name")),
    ("SPANS", "latency", FIGURES, ("span_name", "span_status")),
    ("SPANS", "total_cost", ("SUM", *FIGURES), ("span_model_name", "span_model_provider")),
]
PERCENTS = mostly(one_of(0, 25, 50, 75, 90, 99.9, 100), one_of(-1, 100.5, "50", "abc", None, 33.3), 9)
TRACE_FILTERS = one_of(
    "trace.status = 'OK'", 'trace.status = "ERROR"', "trace.tag.t = 'a'", "trace.tag.mlflow.traceName = 'first'", "trace.metadata.k = 'a'",
    "trace.metadata.`mlflow.trace.session` = 's-1'", "trace.metadata.mlflow.sourceRun = '⟦run:0⟧'", "trace.tag.`a b` = '1'",
)  # fmt: skip
OWN_FILTERS = {
    "TRACES": TRACE_FILTERS,
    "SPANS": one_of("span.name = 'a'", "span.type = 'LLM'", "span.status = 'OK'"),
    "ASSESSMENTS": one_of("assessment.name = 'good'", "assessment.type = 'feedback'", "assessment.type = 'expectation'"),
}
WRONG_FILTERS = one_of(
    "", "  ", "trace.status", "trace.status != 'OK'", "trace.status LIKE 'O%'", "trace.status = OK", "trace.status = 5", "status = 'OK'",
    "foo.bar = 'x'", "trace.foo = 'x'", "trace.tag = 'x'", "trace.status.x = 'a'", "span.name = 'a'", "assessment.name = 'good'",
    "trace.status = 'OK' AND trace.tag.t = 'a'", "trace.status IN ('OK')", "(trace.status = 'OK')", "trace.status = 'OK';", 5, None,
)  # fmt: skip
WHERE = mostly(
    st.lists(ref("experiment", 2), min_size=1, max_size=2),
    one_of(ABSENT, [], None, ["abc"], ["999999"], [""], [5], "⟦experiment:0⟧"),
    9,
)
START, END = 1_700_000_000_000, 1_700_001_000_000


def _aggregation(known):
    kind = rarely(st.sampled_from(known), one_of("COUNT", "SUM", "AVG", "PERCENTILE", "MIN", 1, 3, 7), 15)

    def whole(kind):
        percentile = PERCENTS if kind in ("PERCENTILE", 4) else rarely(st.just(ABSENT), st.just(50), 30)
        return arguments(spoil=60, aggregation_type=st.just(kind), percentile_value=percentile)

    return kind.flatmap(whole)


def _query(metric):
    view, name, aggregations, dimensions = metric
    own = st.sampled_from(dimensions) if dimensions else one_of("trace_name", "x")
    filters = mostly(st.one_of(OWN_FILTERS[view], TRACE_FILTERS), WRONG_FILTERS, 9)
    return post(
        "traces/metrics",
        api="3.0",
        experiment_ids=WHERE,
        view_type=rarely(st.just(view), one_of("TRACES", "SPANS", "ASSESSMENTS", 1, 2, 3, 4, "2", None, ABSENT), 20),
        metric_name=rarely(st.just(name), one_of("latency", "nonsense", "", 5, None, ABSENT), 20),
        aggregations=rarely(
            st.lists(_aggregation(aggregations), min_size=1, max_size=3), one_of([], None, "COUNT", ["COUNT"], [{}], ABSENT), 25
        ),
        dimensions=maybe(mostly(st.lists(own, max_size=2), one_of(["trace_name"], ["x", "span_name"], [5], "trace_name", None, [""]), 8), 6),
        filters=maybe(mostly(st.lists(filters, min_size=1, max_size=2), one_of([], None, [5], "trace.status = 'OK'"), 9), 4),
        time_interval_seconds=maybe(rarely(one_of(1, 60, 3600, 86400, "60"), values.ODD_INTS, 20), 4),
        start_time_ms=maybe(rarely(one_of(START, 0, START + 500), values.ODD_INTS, 30), 7),
        end_time_ms=maybe(rarely(one_of(END, START + 500_000), values.ODD_INTS, 30), 7),
        max_results=maybe(mostly(one_of(1, 2, 3, 1000), one_of(10_000, 10_001, "2", 1.5, None, 2**31, "abc"), 9), 4),
    )


TRACE_METRICS = [st.sampled_from(METRICS).flatmap(_query)] * 3

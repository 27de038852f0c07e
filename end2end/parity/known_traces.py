"""Differences that are meant, of traces, webhooks and GraphQL."""

import json

from .accepted import INTEGRITY, READING, VALUES, Known, truncated
from .compare import MISSING

TRACES, WEBHOOKS, GRAPHQL = "Traces", "Webhooks", "What is offered"


def _same_number(case):
    """Protobuf's numbers are all floating-point ones."""
    mlflow, runmark = case.difference.mlflow, case.difference.runmark
    return isinstance(mlflow, float) and isinstance(runmark, (int, float)) and float(runmark) == mlflow


def _same_json(case):
    try:
        return json.loads(case.difference.mlflow) == json.loads(case.difference.runmark)
    except (TypeError, ValueError):
        return False


def _cut(case):
    """A value of which MLflow keeps 4,096 characters."""
    mlflow, runmark = str(case.difference.mlflow), str(case.difference.runmark)
    return len(mlflow) == 4096 and len(runmark) <= 8000 and runmark.startswith(mlflow)


def _left_out(case):
    return case.difference.mlflow is MISSING


def _unset(case):
    return case.difference.runmark is None and case.difference.mlflow in ("", "0", 0)


def _query(case):
    body = case.call["body"]
    return str(body.get("query", "")) if isinstance(body, dict) else ""


def _said_of_view(case):
    errors = case.mlflow.body.get("errors") if isinstance(case.mlflow.body, dict) else None
    return "Failed to parse run_view_type" in str(errors)


def _asks_for_an_interval(case):
    """MLflow looks for these arguments in the address, where they aren't."""
    given = str(case.call["body"])
    return "mlflowGetMetricHistoryBulkInterval" in _query(case) and any(
        f"'{name}'" in given for name in ("startStep", "endStep", "maxResults")
    )


def _asks_for_no_runs(case):
    errors = case.runmark.body.get("errors") if isinstance(case.runmark.body, dict) else None
    return "mlflowGetMetricHistoryBulkInterval" in _query(case) and "Missing value for required parameter" in str(errors)


OF_TRACES = [
    Known(
        "whole numbers of assessments stay whole",
        TRACES,
        label="traces",
        where=r".*\.(feedback|expectation)\.value.*",
        when=_same_number,
    ),
    Known(
        "JSON of an expectation as it came",
        TRACES,
        label="traces",
        where=r".*\.serialized_value\.value",
        when=_same_json,
    ),
    Known(
        "an expectation keeps its rationale",
        TRACES,
        label="traces",
        where=r".*\.rationale",
        when=_left_out,
    ),
    Known(
        "an expectation keeps what it is in the place of",
        TRACES,
        label="traces",
        where=r".*\.overrides",
        when=_left_out,
    ),
    Known(
        "what an assessment is in the place of must be there",
        TRACES,
        (200, 404),
        "POST .*/assessments",
        runmark="^Assessment with ID",
    ),
    Known("an assessment of a trace that isn't there", TRACES, (200, 404), "DELETE .*/assessments"),
    Known(
        "values of tags of traces have the length of those of runs",
        TRACES,
        label="traces",
        where=r".*\.tags.*",
        when=_cut,
    ),
    Known(
        "where a trace is is told by its experiment alone",
        TRACES,
        (400, (200, 404)),
        "POST .*/traces$",
        "^Trace location type",
    ),
    Known(
        "the answer to a trace that is told again has what was told",
        TRACES,
        label="POST .*/3.0/mlflow/traces$",
        where=r"\.trace\.trace_info\.(tags|trace_metadata|assessments).*",
        when=_left_out,
    ),
    Known(
        "no token behind the last trace",
        TRACES,
        label="traces",
        where=r"\.next_page_token",
        when=lambda case: case.difference.runmark is MISSING,
    ),
    Known(
        "values of metadata are cut at the length of tags",
        TRACES,
        label="traces",
        where=r".*\.(trace|request)_metadata.*",
        when=truncated,
    ),
    Known(
        "a trace's id is 128 bits",
        TRACES,
        (200, 400),
        "POST .*/3.0/mlflow/traces$",
        runmark="^Invalid trace ID|^Missing value for required parameter 'trace.trace_info.trace_id'",
    ),
    Known(
        "a run that traces are linked to must be there",
        TRACES,
        (200, (400, 404)),
        "traces/link-to-run",
        runmark="^Run with id|^The run .* must be in the 'active' state",
    ),
    Known(
        "what a client calls a trace has 250 characters",
        TRACES,
        label="traces",
        where=r".*\.client_request_id",
        when=lambda case: len(case.difference.runmark) == 250 and case.difference.mlflow.startswith(case.difference.runmark),
    ),
    Known(
        "texts of assessments have lengths on all databases",
        TRACES,
        (200, 400),
        "assessments|POST .*/3.0/mlflow/traces$",
        runmark="^'(source_id|assessment_name|span_id|value|rationale)' exceeds",
    ),
    Known("names and runs of traces in a list", READING, (400, 200), "traces", r"^Invalid comparator '(NOT )?IN'"),
    Known("a trace's name is a tag like others", TRACES, (400, 200), "traces", "^'Trace name' exceeds"),
    Known("numbers that begin or end with a point", READING, (400, 200), "traces", r"^Invalid clause.*'(\d+\.|\.\d+)'"),
    Known("a time that a trace took is a number", READING, (200, 400), "traces", runmark="^Expected numeric value type"),
    Known("`text` behind another condition", READING, (400, 200), "traces", r"^Invalid clause.*'text'"),
    Known("`in` of steps, in small letters", READING, (400, 200), "traces", r"^span\.\w+ comparator '(not )?in'"),
    Known("traces of an experiment that isn't there", TRACES, (200, 404), "traces/delete-traces", runmark="Experiment"),
    Known("a link that is there already", TRACES, (400, 200), "traces/link-", INTEGRITY),
    Known(
        "a time that is none is refused, not passed over",
        VALUES,
        (200, 400),
        "traces",
        runmark="supplied: it is no (time|duration)",
    ),
    Known(
        "words of metrics that aren't known",
        TRACES,
        (200, 400),
        "traces/metrics",
        runmark="^(view_type|aggregation_type) must be|^Missing value for required parameter 'aggregations",
    ),
    Known(
        "intervals and numbers of points of metrics",
        TRACES,
        (200, 400),
        "traces/metrics",
        runmark=r"parameter '(view_type|.*\.aggregation_type|time_interval_seconds|max_results)' supplied",
    ),
    Known("metrics of which nothing is made", TRACES, (400, 400), "traces/metrics", "^Query contains no columns"),
    Known(
        "names by which metrics are told have 1,000 characters",
        TRACES,
        label="traces/metrics",
        where=r"\.data_points\[\d+\]\.dimensions\.\w+",
        when=lambda case: len(str(case.difference.runmark)) == 1000 and str(case.difference.mlflow).startswith(case.difference.runmark),
    ),
    Known(
        "values of assessments by which metrics are told",
        TRACES,
        label="traces/metrics",
        where=r"\.data_points\[\d+\]\.dimensions\.assessment_value",
        when=_same_json,
    ),
]

OF_WEBHOOKS = [
    Known("an address is ASCII", WEBHOOKS, (200, 400), "webhooks", runmark="encode what is no ASCII"),
    Known("an event twice", WEBHOOKS, (400, 200), "webhooks", INTEGRITY),
]

OF_GRAPHQL = [
    Known("a scalar that isn't set is null", GRAPHQL, label="/graphql", where=r"\.data\..*", when=_unset),
    Known("the view of a search", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_said_of_view),
    Known("the steps of an interval count", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_asks_for_an_interval),
    Known("a history of no runs", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_asks_for_no_runs),
]

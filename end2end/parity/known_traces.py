"""Differences that are meant, of traces, webhooks and GraphQL."""

import json
import re

from .accepted import INTEGRITY, READING, SEARCHES, VALUES, Known, truncated
from .compare import MISSING

TRACES, WEBHOOKS, GRAPHQL = "Traces", "Webhooks", "What is offered"
# The first and the last millisecond of the years that clients can read.
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
# The kinds of sources that MLflow's protocol has, by name or number.
SOURCE_TYPES = ("SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE")


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


def _begins(shorter, longer):
    return isinstance(shorter, str) and isinstance(longer, str) and longer.startswith(shorter)


def _first_250(case):
    """Metadata, of which MLflow answers the first 250 characters and keeps all."""
    mlflow, runmark = case.difference.mlflow, case.difference.runmark
    return _begins(mlflow, runmark) and len(mlflow) == 250 and len(runmark) <= 8000


def _first_1000(case):
    """A preview, of which Runmark keeps 1,000 characters."""
    mlflow, runmark = case.difference.mlflow, case.difference.runmark
    return _begins(runmark, mlflow) and len(runmark) == 1000


def _nearest_time(case):
    """A time that no client can read."""
    mlflow, runmark = case.difference.mlflow, case.difference.runmark
    return isinstance(mlflow, int) and not FIRST <= mlflow <= LAST and runmark == (FIRST if mlflow < FIRST else LAST)


def _between_nearest_times(case):
    """A duration from or to such a time."""
    mlflow, runmark = case.difference.mlflow, case.difference.runmark
    return isinstance(mlflow, int) and isinstance(runmark, int) and abs(mlflow) > LAST - FIRST >= abs(runmark)


def _tell_runs(case):
    """Whether the answers hold ids of runs, which each server makes up for itself."""
    return re.search(r"'[0-9a-f]{32}'", str([case.mlflow.body, case.runmark.body]))


def _by_id_of_run(case):
    return re.search(r"run_id|metadata", str(case.given("order_by")), re.IGNORECASE) and _tell_runs(case)


def _like_id_of_run(case):
    """Whether a letter is looked for in metadata, which may be the id of a run."""
    return re.search(r"metadata\S*\s+i?like\s+'%a%'", str(case.given("filter")), re.IGNORECASE) and _tell_runs(case)


def _same_time(case):
    """Whether traces came at the same time; then the ids decide, which servers make for older clients."""
    times = [trace.get("timestamp_ms", trace.get("request_time")) for trace in case.mlflow.body["traces"]]
    return len(set(times)) < len(times)


def _left_out(case):
    return case.difference.mlflow is MISSING


def _is_said_twice(case):
    """Whether an assessment is feedback and an expectation; MLflow reads neither, nor what comes behind it."""
    trace = case.given("trace") or {}
    assessments = (trace.get("trace_info") or {}).get("assessments") or [case.given("assessment") or {}]
    return any(len({"feedback", "expectation", "issue"} & set(one)) > 1 for one in assessments)


def _is_read_in_part(case):
    """Whether a source or an expectation can't be read; MLflow reads nothing that comes behind it, not even what is to change."""
    assessment = case.given("assessment") or {}
    source, expectation = assessment.get("source") or {}, assessment.get("expectation") or {}
    stored = expectation.get("serialized_value") or {}
    if not all(isinstance(part, dict) for part in (source, stored)):
        return True
    if not all(isinstance(stored.get(name) or "", str) for name in ("serialization_format", "value")):
        return True
    kind, name = source.get("source_type"), source.get("source_id")
    return kind not in (None, *SOURCE_TYPES, *range(len(SOURCE_TYPES))) or not isinstance(name, (str, type(None)))


def _assessed_at_once(case):
    """Whether both tell the same assessments, of which some were made at the same time: no order is between those."""

    def told(body):
        found = body["trace"]["trace_info"]["assessments"]
        names = ("assessment_name", "source", "create_time")
        return sorted(json.dumps([one.get(name) for name in names], sort_keys=True) for one in found)

    try:
        mlflow, runmark = told(case.mlflow.body), told(case.runmark.body)
        times = [one["create_time"] for one in case.mlflow.body["trace"]["trace_info"]["assessments"]]
    except (KeyError, TypeError):
        return False
    return mlflow == runmark and len(set(times)) < len(times)


def _has_an_odd_place(case):
    """Whether the type of a trace's place is neither a name nor a number."""
    info = (case.given("trace") or {}).get("trace_info") or {}
    place = info.get("trace_location")
    return isinstance(place, dict) and not isinstance(place.get("type", ""), (str, int))


def _is_replaced(case):
    """Whether an expectation has taken its place, which MLflow forgets."""
    return (case.difference.mlflow, case.difference.runmark) == (True, False)


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


def _names_no_experiment(case):
    """MLflow answers its default one."""
    errors = case.runmark.body.get("errors") if isinstance(case.runmark.body, dict) else None
    return "mlflowGetExperiment" in _query(case) and "parameter 'experiment_id'" in str(errors)


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
    # Behind a type that can't be read MLflow reads no experiment, and takes the first one, which may be deleted.
    Known(
        "where a trace is is told by its experiment alone",
        TRACES,
        (400, (200, 404)),
        "POST .*/traces$",
        "^The experiment 0 must be in the 'active' state",
        when=_has_an_odd_place,
    ),
    Known(
        "the answer to a trace that is told again has what was told",
        TRACES,
        label="POST .*/3.0/mlflow/traces$",
        where=r"\.trace\.trace_info\.(tags|trace_metadata|assessments).*",
        when=_left_out,
    ),
    Known(
        "an expectation keeps what it is in the place of",
        TRACES,
        label="traces",
        where=r".*\.valid",
        when=_is_replaced,
    ),
    Known(
        "prompts of none are linked to a trace that isn't there",
        TRACES,
        (200, 404),
        "traces/link-prompts",
        runmark="^Trace with ID",
        when=lambda case: not case.given("prompt_versions"),
    ),
    Known(
        "what of an assessment is to change must be there, also where MLflow can't read it",
        TRACES,
        (200, 400),
        "PATCH .*/assessments",
        runmark="^The `value` field must be specified|^Cannot specify both",
    ),
    Known(
        "no token behind the last trace",
        TRACES,
        label="traces",
        where=r"\.next_page_token",
        when=lambda case: case.difference.runmark is MISSING,
    ),
    Known(
        "metadata is answered as it is kept",
        TRACES,
        label="traces",
        where=r".*\.(trace|request)_metadata.*",
        when=_first_250,
    ),
    Known(
        "assessments behind one that is feedback and an expectation are kept",
        TRACES,
        label="POST .*/3.0/mlflow/traces$",
        where=r".*\.assessments length",
        when=_is_said_twice,
    ),
    Known(
        "assessments made at the same time are in the order of their ids",
        TRACES,
        label="traces",
        where=r".*\.assessments\[\d+\]\..*",
        when=_assessed_at_once,
    ),
    Known(
        "an assessment that is feedback and an expectation is feedback",
        TRACES,
        (200, 400),
        "PATCH .*/assessments",
        runmark="^Cannot update (feedback|expectation) value",
        when=_is_said_twice,
    ),
    Known(
        "an assessment that is feedback and an expectation is feedback",
        TRACES,
        label="PATCH .*/assessments",
        where=r"\.assessment\.feedback\.value",
        when=_is_said_twice,
    ),
    Known(
        "what comes behind a source or an expectation is read, whatever that is",
        TRACES,
        label="PATCH .*/assessments",
        where=r"\.assessment\..*",
        when=_is_read_in_part,
    ),
    Known(
        "what comes behind a source or an expectation is read, whatever that is",
        TRACES,
        (200, 400),
        "PATCH .*/assessments",
        runmark="^Cannot update (feedback|expectation) value",
        when=_is_read_in_part,
    ),
    Known(
        "values of metadata of assessments are cut at the length of tags",
        TRACES,
        label="traces",
        where=r".*\.metadata\.[^.]+",
        when=truncated,
    ),
    Known(
        "previews have 1,000 characters",
        TRACES,
        label="traces",
        where=r".*\.(request|response)_preview",
        when=_first_1000,
    ),
    Known(
        "keys of tags and metadata of traces have 1 to 250 characters",
        TRACES,
        (200, 400),
        r"(POST .*/traces|PATCH .*/traces/\*)$",
        runmark=r"^'(tags|trace_metadata|request_metadata)' exceeds the maximum"
        r"|^Missing value for required parameter '(tags|trace_metadata)\.key'",
    ),
    Known(
        "where the files of a trace are can't be changed",
        TRACES,
        (200, 400),
        r"traces/\*/tags$",
        runmark=r"^Tag 'mlflow\.artifactLocation' is immutable",
    ),
    Known("a trace's conversation is metadata like others", TRACES, (400, 200), "traces", "^'Session ID' exceeds"),
    Known(
        "a trace stays in its experiment",
        TRACES,
        (200, 400),
        "POST .*/3.0/mlflow/traces$",
        runmark="is there already, in another experiment",
    ),
    # Of what is refused by both, but for another reason.
    Known(
        "a trace stays in its experiment",
        TRACES,
        (400, 400),
        "POST .*/3.0/mlflow/traces$",
        "^Trace location type",
        "is there already, in another experiment",
    ),
    Known("times are those that clients can read", TRACES, label="traces", where=r".*\.timestamp_ms", when=_nearest_time),
    Known(
        "times are those that clients can read",
        TRACES,
        label="traces",
        where=r".*\.execution_time_ms",
        when=_between_nearest_times,
    ),
    Known(
        "an assessment has a name",
        TRACES,
        (200, 400),
        "assessments|POST .*/3.0/mlflow/traces$",
        runmark=r"^Missing value for required parameter '(assessment|trace\.trace_info\.assessments\[\d+\])\.assessment_name'",
    ),
    Known(
        "names in a mask are in camel case",
        TRACES,
        (200, 400),
        "PATCH .*/assessments",
        runmark="its names are in camel case",
    ),
    Known("ids of runs sort otherwise", "", label=SEARCHES, where=r"\.traces.*|\.next_page_token", when=_by_id_of_run),
    Known("a letter is in the id of one run and not of the other", "", label=SEARCHES, where=r"\.traces.*|\.next_page_token", when=_like_id_of_run),
    Known("ids of traces sort otherwise", "", label=SEARCHES, where=r"\.traces order", when=_same_time),
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
    # Where MLflow takes them for some fields and not for others.
    Known("numbers with a point", READING, (400, 200), "traces", r"^Invalid clause.*'(\d+\.\d*|\.\d+)'"),
    Known("no RLIKE", READING, (200, 400), "traces", runmark="^Invalid comparator 'RLIKE' not one of"),
    Known(
        "a list goes with IN",
        READING,
        (200, 400),
        "traces",
        runmark=r"^Expected a quoted string value for span .* Got value \(",
    ),
    Known("attributes of steps in a list", READING, (400, 200), "traces", "^IN expression list, SELECT construct"),
    Known(
        "numbers with an exponent",
        READING,
        (400, 200),
        "traces",
        r"^Invalid clause.*'\d[\d.]*[eE][+-]?\d+'",
    ),
    Known("a time that a trace took is a number", READING, (200, 400), "traces", runmark="^Expected numeric value type"),
    Known("`text` behind another condition", READING, (400, 200), "traces", r"^Invalid clause.*'text'"),
    Known("`in` of steps, in small letters", READING, (400, 200), "traces", r"^span\.\w+ comparator '(not )?in'"),
    Known("traces of an experiment that isn't there", TRACES, (200, 404), "traces/delete-traces", runmark="Experiment"),
    Known(
        "names of prompts have 250 characters",
        TRACES,
        (200, 400),
        "traces/link-prompts",
        runmark="^'(name|version)' exceeds the maximum",
    ),
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
    Known("an address can be asked", WEBHOOKS, (200, 400), "webhooks", runmark="^Invalid webhook URL"),
    Known("an address is ASCII", WEBHOOKS, (200, 400), "webhooks", runmark="encode what is no ASCII"),
    Known(
        "an address without a user and a password",
        WEBHOOKS,
        (200, 400),
        "webhooks",
        runmark="^A webhook URL must not hold a user or a password",
    ),
    Known("an address may be `http`", WEBHOOKS, (400, 200), "webhooks", "^Invalid webhook URL scheme: 'http'"),
    Known(
        "no more than 1,000 webhooks are told at once",
        WEBHOOKS,
        (200, 400),
        "GET .*/webhooks",
        runmark="^max_results must be between",
        when=lambda case: int(case.given("max_results")) > 2**31 - 1,
    ),
    # Python's "any case" of a to z has four letters that are none of them, such as "İ".
    Known("names of webhooks are ASCII", WEBHOOKS, (200, 400), "webhooks", runmark="^Webhook name '.*[İıſK]"),
    Known("an event twice", WEBHOOKS, (400, 200), "webhooks", INTEGRITY),
]

OF_GRAPHQL = [
    Known("a scalar that isn't set is null", GRAPHQL, label="/graphql", where=r"\.data\..*", when=_unset),
    Known("the view of a search", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_said_of_view),
    Known("the steps of an interval count", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_asks_for_an_interval),
    Known("an experiment must be named", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_names_no_experiment),
    Known("a history of no runs", GRAPHQL, label="/graphql", where=r"\.(data|errors).*", when=_asks_for_no_runs),
]

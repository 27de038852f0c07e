"""Differences that are meant: what MLflow answers, what Runmark answers instead, and why.

Each is documented in docs/mlflow-differences.md, where `reference` names the section. To accept a difference, add an entry
here and a sentence there. A difference without an entry is a finding.
"""

import json
import re
import unicodedata

from .accepted import ERRORS, INTEGRITY, READING, REGISTRY, SEARCHES, VALUES, Case, Known, truncated
from .compare import GENERATED, MISSING
from .known_spans import OF_SPANS
from .known_traces import OF_GRAPHQL, OF_TRACES, OF_WEBHOOKS

def _infinite(case):
    return case.difference.runmark in ("Infinity", "-Infinity") and isinstance(case.difference.mlflow, float)


def _made_up(case):
    """Whether names count, and one is in an answer that no call gave."""
    by_name = re.search("name", f"{case.given('filter')} {case.given('order_by')}", re.IGNORECASE)
    return by_name and GENERATED.search(json.dumps([case.mlflow.body, case.runmark.body]))


def _by_chance(case):
    """Whether a pattern is looked for in ids, which each server makes up for itself."""
    ids = r"(run_id|request_id|model_id|source_path|artifact_uri|experiment_id)\W*\s(not )?i?like"
    return re.search(ids, str(case.given("filter")), re.IGNORECASE)


def _lacks_and(case):
    """Whether one condition follows another with nothing between them."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "x", str(case.given("filter")))
    words = re.sub(r"^(\s*and\b)+|(\band\s*)+$", "", words, flags=re.IGNORECASE)
    tests = re.findall(r"[=<>!]+|\b(?:i?like|in|is)\b", words, re.IGNORECASE)
    return len(tests) > len(re.findall(r"(?:\band\b\s*)+", words, re.IGNORECASE)) + 1


def _has_an_odd_order(case):
    """Whether a direction is no truth value; MLflow reads no further order then."""
    orders = case.given("order_by")
    orders = [order for order in orders if isinstance(order, dict)] if isinstance(orders, list) else []
    return any(not isinstance(order.get("ascending", True), bool) for order in orders)


def _same_models(case):
    """Whether both tell the same of the models of a run, where MLflow tells of null, too."""

    def told(text):
        return [{key: value for key, value in model.items() if value is not None} for model in json.loads(text)]

    try:
        return told(case.difference.mlflow) == told(case.difference.runmark)
    except (AttributeError, TypeError, ValueError):
        return False


def _has_marks(case):
    """Whether a letter has a mark: a vowel of Hindi, say."""
    return any(unicodedata.category(letter).startswith("M") for letter in str(case.call["body"]))


WRONG_TYPE = r"supplied:  Hint: Value was of type"
# What is wrong with the words of a call, whatever is there to be found.
OF_VALUES = r"^Invalid|^Missing value|exceeds the maximum|not one of|must be|Duplicate|can contain at most|Names may only|cannot|^Unknown (assessment type|serialization format)|^The `value` field|^Cannot (update|specify both)|^A webhook URL must not hold|^Tag '.*' is immutable|^Webhook (name|URL)|^Malformed model info|^Registered model alias|^Model json is missing"
OF_THINGS = r"not found|^No trace tag|No Experiment with id|no experiment|doesn't exist|exists"

KNOWN = [
    Known("how the models of a run are written in its tag", VALUES, where=r".*\.tags\[\d+\]\.value", when=_same_models),
    Known(
        "numbers of experiments have gaps on Postgres",
        READING,
        (200, 404),
        "GET .*/experiments/get$",
        when=lambda case: str(case.given("experiment_id")).isdigit(),
    ),
    Known("MLflow breaks down where Runmark refuses", ERRORS, (500, (400, 404, 413))),
    Known("MLflow breaks down where Runmark answers", ERRORS, (500, 200)),
    Known(
        "what MLflow refuses as `detail` has a code",
        ERRORS,
        (400, 400),
        when=lambda case: isinstance(case.mlflow.body, dict) and "detail" in case.mlflow.body,
    ),
    Known("a value of a wrong type is refused, not passed over", VALUES, (200, 400), runmark=WRONG_TYPE),
    Known(
        "a wrong value, and something that isn't there: the one or the other is said",
        ERRORS,
        (400, 404),
        mlflow=OF_VALUES,
        runmark=OF_THINGS,
    ),
    Known(
        "a wrong value, and something that isn't there: the one or the other is said",
        ERRORS,
        (404, 400),
        mlflow=OF_THINGS,
        runmark=OF_VALUES,
    ),
    Known("Infinity is kept as it is", VALUES, where=r".*\.value", when=_infinite),
    Known(
        "an item without its key or value is refused, not passed over",
        VALUES,
        (200, 400),
        runmark=r"Missing value for required parameter '\w+\[\d+\]",
    ),
    Known("runs/create without an experiment", ERRORS, (400, 400), "runs/create", INTEGRITY, "Missing value"),
    Known("a tag twice in runs/create: the last one counts", VALUES, (400, 200), "runs/create", INTEGRITY),
    Known(
        "renaming an experiment to a name that is taken",
        ERRORS,
        (400, 400),
        "experiments/update",
        INTEGRITY,
        "already exists",
    ),
    Known("outputs that are linked already get a new step", VALUES, (400, (200, 404)), "runs/outputs", INTEGRITY),
    Known(
        "a metric of a logged model that isn't there is a metric of its run",
        VALUES,
        (400, 200),
        r"runs/log-(batch|metric)",
        INTEGRITY,
    ),
    Known("an input's tag twice: the last one counts", VALUES, (400, 200), "runs/log-inputs", INTEGRITY),
    Known(
        "inputs and outputs must be there",
        VALUES,
        (200, 404),
        r"runs/(log-inputs|outputs)",
        runmark="Logged model with ID",
    ),
    Known("a page token goes with its search", READING, (200, 400), runmark="^Invalid page token"),
    Known("a run's id is a UUID", READING, (200, 404), "logged-models|model-versions", runmark="^Run with id"),
    Known(
        "logged models: tags and params have the limits of those of runs",
        VALUES,
        (200, 400),
        "logged-models",
        runmark="exceeds the maximum length",
    ),
    Known(
        "keys of tags in runs/create have the length of those that are set later",
        VALUES,
        (200, 400),
        "runs/create",
        runmark="exceeds the maximum",
    ),
    Known(
        "values of tags in runs/create are cut as those that are set later",
        VALUES,
        label="runs/",
        where=r".*\.tags\[\d+\]\.value",
        when=truncated,
    ),
    Known(
        "an order or a list that is one text",
        VALUES,
        (400, 200),
        mlflow=r"^Invalid value .* for parameter '(order_by|view_type|max_results|stages|experiment_ids|trace_ids|request_ids|dimensions|filters|filter|page_token)'",
    ),
    Known(
        "an end at 0 is an end",
        VALUES,
        label="runs/",
        where=r".*end_time",
        when=lambda case: case.difference.runmark == 0,
    ),
    Known(
        "a number of points below none",
        READING,
        (200, 400),
        "get-history-bulk$",
        runmark="'max_results' supplied. It must not be negative",
    ),
    Known("a page token for a run that isn't there", READING, (400, 200), "get-history", "Invalid page token"),
    Known("the same key twice in order_by", ERRORS, (200, 400), "experiments/search", runmark="contains duplicate"),
    Known(
        "the size of an empty file",
        READING,
        label="artifacts",
        where=r".*file_size",
        when=lambda case: case.difference.runmark == 0,
    ),
    Known("the type of a text says its encoding", READING, label="artifacts", where="content-type"),
    Known(
        "aliases of versions, wherever versions are",
        REGISTRY,
        where=r".*\.aliases",
        when=lambda case: case.difference.mlflow is MISSING,
    ),
    Known(
        "a version's number as Python reads it", REGISTRY, (200, 400), runmark="Parameter 'version' must be an integer"
    ),
    Known("a tag twice: the last one counts", VALUES, (400, 200), "experiments/create|logged-models", "IntegrityError"),
    Known(
        "-0.0 is kept",
        VALUES,
        where=r".*\.value",
        when=lambda case: case.difference.mlflow == 0 == case.difference.runmark,
    ),
    Known("the status of a logged model must be one", VALUES, (200, 400), "PATCH .*logged-models", runmark="'status'"),
    Known(
        "a description that is none",
        REGISTRY,
        label="model-versions|registered-models",
        where=r".*\.description",
        when=lambda case: case.difference.runmark == "",
    ),
    Known(
        "logged models: tags and params have the limits of those of runs",
        VALUES,
        label="logged-models",
        where=r".*\.params\[\d+\]\.value",
        when=truncated,
    ),
    Known("a description has 5,000 characters at most", REGISTRY, (200, 400), runmark="'description' exceeds"),
    Known(
        "the id of a logged model in the path is enough",
        READING,
        (400, (200, 404)),
        "logged-models",
        mlflow="parameter 'model_id'",
    ),
    Known("the type of a body in any case", READING, (400, (200, 404)), mlflow="Content-Type"),
    Known("blanks in an order", READING, (400, 200), SEARCHES, mlflow="Invalid order_by clause"),
    Known(
        "the logged model of a version's source need not be named again",
        REGISTRY,
        (400, 200),
        "model-versions/create",
        "model_id request parameter must identify",
    ),
    Known(
        "the logged model of a version is said",
        REGISTRY,
        label="model-versions|registered-models",
        where=r".*\.model_id",
        when=lambda case: case.difference.mlflow is MISSING,
    ),
    Known(
        "LIKE on the status of a logged model",
        READING,
        (200, 400),
        "logged-models/search",
        runmark="Invalid comparison operator",
    ),
    Known(
        "double quotes in a filter for logged models",
        READING,
        (200, 400),
        "logged-models/search",
        runmark="in single quotes",
    ),
    Known(
        "a tag that no key can have isn't there",
        REGISTRY,
        (400, 200),
        "delete-tag",
        "Names may only|Names may be treated|exceeds the maximum",
    ),
    Known(
        "a list of statuses of logged models",
        READING,
        label="logged-models/search",
        where=r"\.models.*",
        when=lambda case: "status" in str(case.given("filter")).lower(),
    ),
    Known(
        "a list of statuses of logged models",
        READING,
        (200, 400),
        "logged-models/search",
        runmark="Unknown model status",
    ),
    Known("last_updated_time is a time", READING, (400, 200), "logged-models/search", mlflow="last_updated_time"),
    Known("a pattern fits one id and not the other", "", label=SEARCHES, where=".*", when=_by_chance),
    Known(
        "names that were made up differ, and so does what finds or orders by them",
        "",
        label=SEARCHES,
        where=".*",
        when=_made_up,
    ),
    Known(
        "inputs of runs that are logged models are found, too", READING, label="runs/search", where=r".*\.model_inputs"
    ),
    Known(
        "times in a filter are whole numbers",
        READING,
        (200, 400),
        SEARCHES,
        runmark="Invalid value for numeric attribute",
    ),
    Known(
        "logged models without a type or a run come last",
        READING,
        label="logged-models/search",
        where=r"\.models.*",
        when=lambda case: re.search("model_type|source_run", str(case.given("order_by"))),
    ),
    Known(
        "no results at all can't be asked for",
        READING,
        (200, 400),
        "registered-models/search",
        runmark="It must be a positive integer",
    ),
    Known(
        "no negative number of results can be asked for",
        READING,
        (200, 400),
        "logged-models/search",
        runmark=r"^Invalid value -\d+ for parameter 'max_results'",
    ),
    Known(
        "an order behind one whose direction can't be read counts",
        READING,
        (200, 400),
        "logged-models/search",
        runmark="^Invalid order by field name",
        when=_has_an_odd_order,
    ),
    Known(
        "columns of logged models that are no attributes",
        READING,
        (200, 400),
        "logged-models/search",
        runmark=r"^Invalid attribute key '(lifecycle_stage|experiment_id)'",
    ),
    Known(
        "texts without quotes in a filter for logged models",
        READING,
        (400, 200),
        "logged-models/search",
        mlflow="^Invalid filter string",
        when=lambda case: re.search(r"([=<>]|like)\s*[^\s'\"(`=<>]", str(case.given("filter")), re.IGNORECASE),
    ),
    Known(
        "NULL is no text",
        READING,
        (200, 400),
        "logged-models/search",
        runmark="^Invalid filter string",
        when=lambda case: re.search(r"([=<>]|like)\s*null\b", str(case.given("filter")), re.IGNORECASE),
    ),
    Known(
        "numbers in a filter are decimal",
        READING,
        (200, 400),
        "logged-models/search",
        runmark=r"^Expected numeric value type for (metrics|attributes)\.",
    ),
    Known("keys with a dash are quoted", READING, (200, 400), "logged-models/search", runmark="Quote a key"),
    Known(
        "a version's source may be on any host: the server doesn't go there",
        REGISTRY,
        (400, 200),
        "model-versions/create",
        "cannot use the '.*' scheme",
    ),
    Known("prompts have no logged model", REGISTRY, (404, 200), "model-versions/create", "Logged model with ID"),
    Known(
        "prompts have no logged model",
        REGISTRY,
        label="model-versions/create",
        where=r".*\.run_id",
        when=lambda case: "mlflow.prompt.is_prompt" in str(case.call["body"]) and case.given("model_id"),
    ),
    Known("numbers in a list of texts", READING, (200, 400), SEARCHES, runmark="got different type in list"),
    Known(
        "keywords of a filter in any case",
        READING,
        (400, 200),
        SEARCHES,
        mlflow=r"(Invalid comparator (for \w+: |')|comparator ')[a-z]",
    ),
    Known(
        "a backslash before a quote is a backslash",
        READING,
        (200, 400),
        SEARCHES,
        runmark="^Invalid (comparison clause|clause|filter string)",
        when=lambda case: re.search(r"\\['\"]", str(case.given("filter"))),
    ),
    # MLflow takes some conditions that follow each other so, refuses others, and passes over what else is in between.
    Known(
        "AND may be left out",
        READING,
        ((200, 400), (200, 400)),
        r"(runs|traces|logged-models)/search$|GET .*/2\.0/mlflow/traces$",
        when=_lacks_and,
    ),
    Known("numbers with a sign", READING, (400, 200), SEARCHES, mlflow=r"Invalid clause.*\+"),
    Known(
        "parentheses around a list", READING, (200, 400), SEARCHES, runmark="expected a non-empty list of string values"
    ),
    Known("params of a logged model that isn't there", READING, (200, 404), "logged-models"),
    Known(
        "backslashes, control characters and empty names in paths of artifacts",
        VALUES,
        # Uploads in parts answer 501 if the path can be one.
        ((200, 404, 501), 400),
        "artifacts|logged-models",
        runmark="Invalid path",
    ),
    Known(
        "a blank name of an experiment",
        VALUES,
        (200, 400),
        "experiments/(create|update)",
        runmark="Invalid experiment name",
    ),
    Known("a root of artifacts with ..", VALUES, (200, 400), "experiments/create", runmark="Invalid artifact location"),
    Known(
        "marks on letters are parts of words",
        VALUES,
        (400, 200),
        mlflow="Names may only contain alphanumerics",
        when=_has_marks,
    ),
    Known(
        "flags as text",
        VALUES,
        (400, (200, 404)),
        "model-versions/transition-stage",
        mlflow=r"parameter 'archive_existing_versions' supplied:\s+Hint: Value was of type 'str'",
    ),
    Known(
        "keys of an order in square brackets",
        READING,
        (200, 400),
        "search",
        runmark="^Invalid order_by clause",
        when=lambda case: "[" in str(case.given("order_by")),
    ),
    Known("an integrity error of the database is said by its cause", ERRORS, (400, (400, 404)), mlflow=INTEGRITY),
]

KNOWN += OF_TRACES + OF_SPANS + OF_WEBHOOKS + OF_GRAPHQL


def known(case: Case) -> Known | None:
    """What explains the difference."""
    return next((one for one in KNOWN if one.applies(case)), None)

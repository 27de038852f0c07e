"""The operations of the protocol as calls with drawn arguments. To cover one more, add it to the list of its noun."""

from .assessments import ASSESSMENTS
from .files import FILES
from .graphql import GRAPHQL
from .registry import REGISTRY, REGISTRY_ENDS
from .spans import SPANS
from .traces import TRACES
from .tracking import EXPERIMENT_ENDS, EXPERIMENTS, LOGGED_MODELS, METRIC_READS, RUNS
from .webhooks import WEBHOOKS

GROUPS = {
    "experiments": EXPERIMENTS + EXPERIMENT_ENDS,
    "runs": RUNS,
    "metrics": METRIC_READS,
    "models": LOGGED_MODELS,
    "registry": REGISTRY + REGISTRY_ENDS,
    "files": FILES,
    "traces": TRACES,
    "assessments": ASSESSMENTS,
    "spans": SPANS,
    "webhooks": WEBHOOKS,
    "graphql": GRAPHQL,
}
# How often a group comes. Steps of traces come if they are asked for (`--groups spans`): what MLflow makes of a trace whose steps
# come alone is not yet compared to the end.
WEIGHTS = (
    ["experiments"] * 2
    + ["runs"] * 6
    + ["metrics"]
    + ["models"] * 3
    + ["registry"] * 4
    + ["files"] * 2
    + ["traces"] * 4
    + ["traces"] * 4
    + ["assessments"] * 2
    + ["webhooks", "graphql"]
)
# Those that are about traces.
OF_TRACES = {"traces", "assessments", "spans"}

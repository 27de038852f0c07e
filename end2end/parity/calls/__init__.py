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
# How often a group comes.
WEIGHTS = (
    ["experiments"] * 2
    + ["runs"] * 6
    + ["metrics"]
    + ["models"] * 3
    + ["registry"] * 4
    + ["files"] * 2
    + ["traces"] * 8
    + ["assessments"] * 2
    + ["webhooks", "graphql"]
)
# Steps come in sequences of their own: what is meant to differ in traces of which only the steps are known (their names, their times)
# would show in every search.
STEPS = ["spans"] * 9 + ["runs"]
# Those that are about traces.
OF_TRACES = {"traces", "assessments", "spans"}

"""Experiments, runs, metrics and logged models."""

import json
from dataclasses import replace

from hypothesis import strategies as st

from .. import filters, values
from ..call import Call, arguments, get, items, limited, maybe, own, post
from ..values import ABSENT, EXPERIMENT, MODEL, RUN, mostly, one_of, rarely, ref

TAGS = items(key=values.TAG_KEYS, value=values.TEXTS)
PARAMS = items(key=values.PARAM_KEYS, value=values.TEXTS)
METRIC = {"key": values.METRIC_KEYS, "value": values.DOUBLES, "timestamp": values.TIMES, "step": maybe(values.STEPS, 8)}
METRICS = items(most=6, **METRIC, model_id=maybe(ref("model"), 1))
DATASET = arguments(
    spoil=50,
    name=mostly(one_of("d", "e", "D"), values.ODD_NAMES, 9),
    digest=mostly(one_of("1", "2"), one_of("", "x" * 36, "x" * 37, "ü"), 9),
    source_type=mostly(one_of("local", "code"), one_of("", "x" * 300), 9),
    source=mostly(one_of("{}", "s"), one_of("", "x" * 65535, "x" * 65536), 9),
    schema=maybe(mostly(st.just("{}"), one_of("", "x" * 1_000_001), 9)),
    profile=maybe(one_of("{}", "")),
)
DATASETS = items(
    dataset=DATASET,
    tags=maybe(
        items(
            key=mostly(st.just("mlflow.data.context"), values.TAG_KEYS, 8),
            value=mostly(one_of("train", "test"), values.TEXTS, 9),
        )
    ),
)


def run_scoped(path, /, **fields):
    """Operations that take a run by its old name, too."""
    return mostly(
        post(path, run_id=RUN, **fields),
        st.one_of(post(path, run_uuid=RUN, **fields), post(path, run_id=RUN, run_uuid=RUN, **fields)),
        9,
    )


EXPERIMENTS = [
    post(
        "experiments/create",
        ("experiment", ("experiment_id",)),
        name=mostly(own(values.ODD_NAMES), one_of("", "x" * 501), 9),
        tags=maybe(TAGS, 3),
        artifact_location=maybe(
            one_of(
                "",
                "s3://bucket/x",
                "s3://bucket/x#y",
                "/tmp/x",
                "file:///tmp/x",
                "mlflow-artifacts:/x",
                "s3://b/../x",
                "x" * 2049,
                "runs:/x",
                "http://e.org/x",
                "s3://b/x?a=..",
                "s3://b/x?a=b",
            ),
            1,
        ),
    ),
    get("experiments/get", experiment_id=EXPERIMENT),
    get("experiments/get-by-name", experiment_name=mostly(one_of("⟦own⟧", "⟦own⟧ a", "⟦own⟧ ü"), values.ODD_NAMES, 8)),
    post(
        "experiments/search",
        pages=2,
        max_results=values.LIMITS,
        filter=limited(filters.EXPERIMENT_FILTERS, "name LIKE '%⟦own⟧%'"),
        order_by=maybe(filters.EXPERIMENT_ORDERS),
        view_type=maybe(values.VIEWS),
        page_token=values.TOKENS,
    ),
    get(
        "experiments/search",
        pages=1,
        max_results=values.LIMITS,
        filter=limited(filters.EXPERIMENT_FILTERS, "name LIKE '%⟦own⟧%'"),
        order_by=maybe(filters.EXPERIMENT_ORDERS),
        view_type=maybe(values.VIEWS),
    ),
    post(
        "experiments/search-datasets",
        prefix="/ajax-api",
        experiment_ids=mostly(
            st.lists(ref("experiment", 2), min_size=1, max_size=2),
            one_of([], None, ["abc"], ["999999"], ["999999"] * 20, ["999999"] * 21, [5], [""]),
            9,
        ),
    ),
    post(
        "experiments/update",
        experiment_id=EXPERIMENT,
        new_name=mostly(own(values.ODD_NAMES), one_of("", " ", "x" * 501), 9),
    ),
    post("experiments/set-experiment-tag", experiment_id=EXPERIMENT, key=values.TAG_KEYS, value=values.TEXTS),
    post("experiments/delete-experiment-tag", experiment_id=EXPERIMENT, key=values.TAG_KEYS),
]
EXPERIMENT_ENDS = [
    post("experiments/delete", experiment_id=EXPERIMENT),
    post("experiments/restore", experiment_id=EXPERIMENT),
]


def create_run(start):
    """A run; its start is given, for runs that start together come in the order of their ids."""
    return post(
        "runs/create",
        ("run", ("run", "info", "run_id")),
        experiment_id=EXPERIMENT,
        start_time=start,
        user_id=maybe(mostly(one_of("alice", ""), values.ODD_NAMES, 9), 3),
        run_name=rarely(mostly(one_of("named", "other"), values.ODD_NAMES, 8), one_of(ABSENT, "")),
        tags=maybe(
            mostly(TAGS, items(most=1, key=st.just("mlflow.runName"), value=one_of("named", "tagged", "")), 9), 5
        ),
    )


RUNS = [
    get("runs/get", run_id=RUN),
    get("runs/get", run_id=RUN),
    run_scoped(
        "runs/update",
        status=maybe(
            mostly(
                one_of("FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED"),
                one_of("finished", "NOPE", "", 1, 3, 5, 0, 6, "3", None, True),
                8,
            )
        ),
        end_time=maybe(values.TIMES),
        run_name=maybe(mostly(one_of("renamed", ""), values.ODD_NAMES, 8), 3),
    ),
    run_scoped("runs/log-metric", **METRIC, model_id=maybe(MODEL, 1)),
    run_scoped("runs/log-metric", **METRIC),
    run_scoped("runs/log-parameter", key=values.PARAM_KEYS, value=values.TEXTS),
    run_scoped("runs/set-tag", key=mostly(values.TAG_KEYS, st.just("mlflow.runName"), 9), value=values.TEXTS),
    post("runs/delete-tag", run_id=RUN, key=mostly(values.TAG_KEYS, st.just("mlflow.runName"), 9)),
    post("runs/log-batch", run_id=RUN, metrics=maybe(METRICS, 7), params=maybe(PARAMS, 5), tags=maybe(TAGS, 5)),
    post("runs/log-batch", run_id=RUN, metrics=METRICS),
    post(
        "runs/log-batch",
        run_id=RUN,
        metrics=maybe(
            one_of(0, 1000, 1001).map(
                lambda n: [{"key": "m", "value": i, "timestamp": 1, "step": i} for i in range(n)]
            ),
            3,
        ),
        params=maybe(one_of(99, 100, 101).map(lambda n: [{"key": f"p{i}", "value": "1"} for i in range(n)]), 2),
        tags=maybe(one_of(100, 101).map(lambda n: [{"key": f"t{i}", "value": "1"} for i in range(n)]), 2),
    ),
    post(
        "runs/log-model",
        run_id=RUN,
        model_json=mostly(
            one_of(
                {"artifact_path": "m", "flavors": {"sklearn": {"a": 1}}, "utc_time_created": "2023-11-14 22:13:20.123456", "run_id": "⟦run:0⟧"},
                {"artifact_path": "n", "flavors": {}, "utc_time_created": "x", "run_id": "abc", "model_uuid": "u", "extra": 1},
            ).map(json.dumps),
            one_of("", "x", "{", "[]", "{}", "null", "5", '"x"', '{"artifact_path": "m"}', '{"artifact_path": 1, "flavors": 5, "utc_time_created": null, "run_id": 2}'),
            8,
        ),
    ),
    post("runs/log-inputs", run_id=RUN, datasets=maybe(DATASETS, 8), models=maybe(items(model_id=MODEL), 3)),
    post("runs/outputs", run_id=RUN, models=items(model_id=MODEL, step=maybe(values.STEPS, 8))),
    *[
        post(
            "runs/search",
            pages=2,
            experiment_ids=mostly(
                st.lists(ref("experiment", 2), min_size=1, max_size=2),
                one_of([], None, "⟦experiment:0⟧", ["abc"], ["999999"], [5], [""]),
                9,
            ),
            filter=maybe(filters.RUN_FILTERS, 8),
            order_by=maybe(filters.RUN_ORDERS, 6),
            run_view_type=maybe(values.VIEWS, 4),
            max_results=maybe(values.LIMITS, 6),
            page_token=values.TOKENS,
        )
    ]
    * 6,
    post("runs/delete", run_id=RUN),
    post("runs/restore", run_id=RUN),
]

METRIC_READS = [
    get(
        "metrics/get-history",
        pages=2,
        run_id=RUN,
        metric_key=values.METRIC_KEYS,
        max_results=maybe(values.LIMITS),
        page_token=values.TOKENS,
    ),
    get(
        "metrics/get-history-bulk-interval",
        run_ids=st.lists(RUN, min_size=1, max_size=3),
        metric_key=values.METRIC_KEYS,
        start_step=maybe(values.STEPS, 3),
        end_step=maybe(values.STEPS, 3),
        max_results=maybe(mostly(one_of(1, 2, 3, 4, 2500), values.LIMITS, 8)),
    ),
    get(
        "metrics/get-history-bulk",
        prefix="/ajax-api",
        run_id=st.lists(RUN, min_size=1, max_size=3),
        metric_key=values.METRIC_KEYS,
        max_results=maybe(values.LIMITS),
    ),
]

STATUSES = mostly(
    one_of("LOGGED_MODEL_READY", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_UPLOAD_FAILED"),
    one_of("READY", "", "LOGGED_MODEL_STATUS_UNSPECIFIED", 0, 1, 2, 3, 4, None),
    8,
)
LOGGED_MODELS = [
    post(
        "logged-models",
        ("model", ("model", "info", "model_id")),
        experiment_id=EXPERIMENT,
        name=rarely(mostly(one_of("lm", "model"), values.ODD_NAMES, 8), st.just(ABSENT)),
        model_type=maybe(one_of("agent", "", "ü"), 4),
        source_run_id=maybe(RUN, 6),
        params=maybe(PARAMS, 4),
        tags=maybe(TAGS, 4),
    ),
    st.one_of(
        MODEL.map(lambda model: Call("GET", f"/api/2.0/mlflow/logged-models/{model}")),
        MODEL.map(
            lambda model: Call("GET", f"/api/2.0/mlflow/logged-models/{model}", query=(("allow_deleted", "true"),))
        ),
    ),
    st.tuples(MODEL, post("x", model_id=MODEL, status=STATUSES)).map(
        lambda drawn: replace(
            drawn[1],
            method="PATCH",
            path=f"/api/2.0/mlflow/logged-models/{drawn[0]}",
            body={**drawn[1].body, "model_id": drawn[0]} if "model_id" in drawn[1].body else drawn[1].body,
        )
    ),
    st.tuples(MODEL, post("x", tags=TAGS)).map(
        lambda drawn: replace(drawn[1], method="PATCH", path=f"/api/2.0/mlflow/logged-models/{drawn[0]}/tags")
    ),
    st.tuples(MODEL, post("x", params=PARAMS)).map(
        lambda drawn: replace(
            drawn[1],
            path=f"/api/2.0/mlflow/logged-models/{drawn[0]}/params",
            body={**drawn[1].body, "model_id": drawn[0]},
        )
    ),
    st.tuples(MODEL, one_of("t", "u", "zz", "a%20b", "n.a")).map(
        lambda drawn: Call("DELETE", f"/api/2.0/mlflow/logged-models/{drawn[0]}/tags/{drawn[1]}")
    ),
    MODEL.map(lambda model: Call("DELETE", f"/api/2.0/mlflow/logged-models/{model}")),
    *[
        post(
            "logged-models/search",
            pages=1,
            experiment_ids=mostly(
                st.lists(ref("experiment", 2), min_size=1, max_size=2), one_of([], None, ["abc"], ["999999"]), 9
            ),
            filter=maybe(filters.LOGGED_FILTERS, 8),
            datasets=maybe(items(dataset_name=one_of("d", "e", ""), dataset_digest=maybe(one_of("1", "2"))), 2),
            order_by=maybe(
                items(
                    field_name=one_of(*filters.LOGGED_ORDERS),
                    ascending=maybe(mostly(st.booleans(), one_of("true", 1, None), 9)),
                    dataset_name=maybe(one_of("d", ""), 1),
                ),
                5,
            ),
            max_results=maybe(values.LIMITS, 5),
            page_token=values.TOKENS,
        )
    ]
    * 3,
    st.tuples(MODEL, maybe(values.FILES)).map(
        lambda drawn: Call(
            "GET",
            f"/api/2.0/mlflow/logged-models/{drawn[0]}/artifacts/directories",
            query=() if drawn[1] is ABSENT else (("artifact_directory_path", drawn[1]),),
        )
    ),
]

"""Registered models and their versions."""

from hypothesis import strategies as st

from .. import filters, values
from ..call import get, limited, maybe, own, post
from ..values import ALIAS, MODEL, NAME, RUN, STAGE, VERSION, mostly, one_of
from .tracking import TAGS

PROMPT_TAGS = one_of(
    [{"key": "mlflow.prompt.is_prompt", "value": "true"}],
    [{"key": "mlflow.prompt.is_prompt", "value": "true"}, {"key": "mlflow.prompt.text", "value": "Hi {{name}}"}],
    [{"key": "mlflow.prompt.is_prompt", "value": "false"}],
)
SOURCES = mostly(
    one_of("s3://bucket/x", "models:/⟦model:0⟧", "models:/⟦name:0⟧/1", "dummy-source", "runs:/⟦run:0⟧/model", "mlflow-artifacts:/⟦experiment:0⟧/⟦run:0⟧/artifacts/model"),
    one_of(
        "", "/etc/passwd", "file:///etc/passwd", "../x", "s3://bucket/../x", "models:/none/1", "models:/⟦name:0⟧/99", "models:/⟦name:0⟧@best", "models:/⟦name:0⟧/Staging", "models:/m-none",
        "mlflow-artifacts:/../x", "http://e.org/x", "x" * 501, "s3://b/%2e%2e/x", "s3://b/x#y", "s3://b/x?y=z", "models:/", "runs:/", "dbfs:/x", "local/path", "s3://b/x y", "file://host/x", "ü",
    ),
    8,
)  # fmt: skip
REGISTRY = [
    *[
        post(
            "registered-models/create",
            ("name", ("registered_model", "name")),
            name=own(values.ODD_NAMES),
            description=maybe(mostly(one_of("d", ""), values.TEXTS, 9), 5),
            tags=maybe(mostly(TAGS, PROMPT_TAGS, 6), 5),
        )
    ]
    * 2,
    get("registered-models/get", name=NAME),
    get(
        "registered-models/search",
        pages=1,
        filter=limited(filters.MODEL_FILTERS, "name LIKE '%⟦own⟧%'"),
        max_results=maybe(values.LIMITS, 6),
        order_by=maybe(filters.MODEL_ORDERS),
        page_token=values.TOKENS,
    ),
    post("registered-models/update", method="PATCH", name=NAME, description=maybe(values.TEXTS, 8)),
    post("registered-models/rename", ("name", ("registered_model", "name")), name=NAME, new_name=own(values.ODD_NAMES)),
    post(
        "registered-models/get-latest-versions",
        name=NAME,
        stages=maybe(mostly(st.lists(STAGE, max_size=2), values.WRONG, 9)),
    ),
    get("registered-models/get-latest-versions", name=NAME, stages=maybe(st.lists(STAGE, max_size=2))),
    post("registered-models/set-tag", name=NAME, key=values.TAG_KEYS, value=values.TEXTS),
    post("registered-models/delete-tag", method="DELETE", name=NAME, key=values.TAG_KEYS),
    post("registered-models/alias", name=NAME, alias=ALIAS, version=VERSION),
    post("registered-models/alias", method="DELETE", name=NAME, alias=ALIAS),
    get("registered-models/alias", name=NAME, alias=ALIAS),
    *[
        post(
            "model-versions/create",
            name=NAME,
            source=SOURCES,
            run_id=maybe(RUN, 4),
            model_id=maybe(MODEL, 2),
            run_link=maybe(one_of("", "http://e.org/r", "x" * 501), 2),
            description=maybe(values.TEXTS, 3),
            tags=maybe(mostly(TAGS, PROMPT_TAGS, 6), 4),
        )
    ]
    * 4,
    get("model-versions/get", name=NAME, version=VERSION),
    *[
        get(
            "model-versions/search",
            pages=1,
            filter=limited(filters.VERSION_FILTERS, "name LIKE '%⟦own⟧%'"),
            max_results=maybe(values.LIMITS, 6),
            order_by=maybe(filters.VERSION_ORDERS),
            page_token=values.TOKENS,
        )
    ]
    * 2,
    post("model-versions/update", method="PATCH", name=NAME, version=VERSION, description=maybe(values.TEXTS, 8)),
    post(
        "model-versions/transition-stage",
        name=NAME,
        version=VERSION,
        stage=STAGE,
        archive_existing_versions=maybe(mostly(st.booleans(), one_of("true", "no", 1), 9)),
    ),
    get("model-versions/get-download-uri", name=NAME, version=VERSION),
    post("model-versions/set-tag", name=NAME, version=VERSION, key=values.TAG_KEYS, value=values.TEXTS),
    post("model-versions/delete-tag", method="DELETE", name=NAME, version=VERSION, key=values.TAG_KEYS),
]
REGISTRY_ENDS = [
    post("model-versions/delete", method="DELETE", name=NAME, version=VERSION),
    post("registered-models/delete", method="DELETE", name=NAME),
]

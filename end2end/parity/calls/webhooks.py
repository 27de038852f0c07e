"""Webhooks. They lead to where nobody listens: what is delivered isn't compared."""

from hypothesis import strategies as st

from .. import values
from ..call import Call, arguments, at, get, maybe, post
from ..values import mostly, one_of, rarely, ref

WEBHOOK = mostly(ref("webhook"), one_of("0" * 32, "abc", "00000000-0000-0000-0000-000000000000"), 9)
ENTITIES = ["REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT", "PROMPT_TAG", "BUDGET_POLICY"]
EVENT = arguments(
    spoil=40,
    entity=rarely(one_of(*ENTITIES), one_of("x", "", 1, 3, "registered_model", "ENTITY_UNSPECIFIED", 99, None), 15),
    action=rarely(one_of("CREATED", "CREATED", "SET", "DELETED", "EXCEEDED", "UPDATED"), one_of("x", "", 1, 4, "created", 99, None), 15),
)
RIGHT = one_of(
    {"entity": "REGISTERED_MODEL", "action": "CREATED"},
    {"entity": "MODEL_VERSION", "action": "CREATED"},
    {"entity": "MODEL_VERSION_TAG", "action": "SET"},
    {"entity": "PROMPT_ALIAS", "action": "DELETED"},
    {"entity": "BUDGET_POLICY", "action": "EXCEEDED"},
)
EVENTS = mostly(st.lists(RIGHT, min_size=1, max_size=3), st.one_of(st.lists(EVENT, max_size=2), one_of([], None, "x", [5])), 8)
URLS = mostly(
    one_of("https://127.0.0.1:9/a", "https://127.0.0.1:9/b?c=d"),
    one_of(
        "", " ", "x", "ftp://127.0.0.1/a", "https://", "https:///a", "HTTPS://127.0.0.1:9/a", "http://127.0.0.1:9/a", "https://127.0.0.1:9",
        "https://u:p@127.0.0.1:9/", "https://127.0.0.1:x/", "https://127.0.0.1:9/a b", "https://127.0.0.1:9/ü", "//127.0.0.1/a", "https://127.0.0.1:9/" + "x" * 600,
    ),
    9,
)  # fmt: skip
NAMES = rarely(one_of("hook", "h-2", "Hook.3"), mostly(values.ODD_NAMES, one_of("a" * 63, "a" * 64, "-a", "a-", "a_b.c-d"), 7), 8)
FIELDS = {
    "description": maybe(rarely(one_of("d", ""), values.TEXTS, 10), 5),
    "secret": maybe(one_of("s", "", "x" * 900), 3),
    "status": maybe(rarely(one_of("ACTIVE", "DISABLED"), one_of("active", "", "x", 1, 2, 3, None), 6), 4),
}
ONE = "webhooks/{webhook}"

WEBHOOKS = [
    *[post("webhooks", ("webhook", ("webhook", "webhook_id")), name=NAMES, url=URLS, events=EVENTS, **FIELDS)] * 3,
    get("webhooks", pages=2, max_results=maybe(values.LIMITS, 6), page_token=values.TOKENS),
    WEBHOOK.map(lambda webhook: Call("GET", f"/api/2.0/mlflow/webhooks/{webhook}")),
    *[
        at(
            ONE,
            post(ONE, method="PATCH", name=maybe(NAMES), url=maybe(URLS), events=maybe(EVENTS), **FIELDS),
            webhook=WEBHOOK,
        )
    ]
    * 2,
    WEBHOOK.map(lambda webhook: Call("DELETE", f"/api/2.0/mlflow/webhooks/{webhook}")),
]

"""Filters and orders of searches: valid, doubtful and broken."""

from hypothesis import strategies as st

from .values import one_of, rarely

NUMERIC = ["=", "!=", ">", ">=", "<", "<="]
TEXTUAL = ["=", "!=", "LIKE", "ILIKE", "like", "ilike"]
SETS = ["IN", "NOT IN", "in", "Not In"]
NULLS = ["IS NULL", "IS NOT NULL", "is null", "is  not null"]
BROKEN = ["==", "<>", "RLIKE", "BETWEEN", "NOT LIKE", "=<", "!", "", "IS", "NOT", "IS NOT", "~"]

NUMBERS = [
    "1",
    "0.5",
    "2",
    "-1",
    ".5",
    "1e3",
    "1.",
    "+1",
    "3",
    "1700000000003",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "-0",
]
QUOTED = [
    "'1'",
    "'A'",
    "'a'",
    "'%a%'",
    "'A%'",
    '"it\'s"',
    '"abc"',
    "'a_c'",
    "'100%'",
    "'100\\%'",
    "'ünï'",
    "'ÜNÏ'",
    "''",
    "'%'",
    "'10'",
    "'1.0'",
]
LISTS = [
    "('a')",
    "('a','b')",
    "('a', 'A', '1')",
    '("a", "1")',
    "()",
    "('a',)",
    "(1, 2)",
    "('a', 1)",
    "('')",
    "'a'",
    "(a)",
    "('a' 'b')",
    "(('a'))",
]
STRANGE = [
    "abc", "NULL", "None", "TRUE", "NaN", "inf", "'it''s'", "'it\\'s'", "'a", "a'", '"a', "`a`", "1 2", "'a' 'b'", "1 AND", "0x10", "1_000", "(1)",
    "'a' -- c", "'a' /* c */", "'a';", "?", "'a' = 'a'", "-", "1-1", "''''", "\"'a'\"", "'\"a\"'",
]  # fmt: skip


def clause(numeric, textual, sets=(), nulls=(), texts=(), lists=()):
    """One comparison: mostly such that it says something, of these identifiers."""
    kinds = []
    if numeric:
        kinds.append(st.tuples(one_of(*numeric), one_of(*NUMERIC), one_of(*NUMBERS)))
    if textual:
        kinds += [st.tuples(one_of(*textual), one_of(*TEXTUAL), one_of(*QUOTED, *texts))] * 2
    if sets:
        kinds.append(st.tuples(one_of(*sets), one_of(*SETS), one_of(*lists, *lists, *LISTS[:4])))
    if nulls:
        kinds.append(st.tuples(one_of(*nulls), one_of(*NULLS), st.just("")))
    names = [*numeric, *textual, *sets, *nulls, *NAMELESS]
    anything = st.tuples(
        one_of(*names),
        one_of(*NUMERIC, *TEXTUAL, *SETS, *NULLS, *BROKEN),
        one_of(*NUMBERS, *QUOTED, *LISTS, *STRANGE),
    )
    return rarely(st.one_of(kinds), anything, 12).map(lambda parts: " ".join(part for part in parts if part))


NAMELESS = [
    "metrics", "metrics.", ".m", "m", "foo.bar", "attribute.foo", "attributes.lifecycle_stage", "experiment_id", "`status`", '"status"', "'status'",
    "metrics.m.n", "metrics.`m", "tags.`a``b`", "params.\"p'", "1", "'a'", "NOT tags.t", "(tags.t", "", "tags . t", "TAGS.t", "Metrics.m", "tags.'t'",
    "metrics.[m]", "tags.t-u", "tags.a/b", "tags.ü", "tags.t", "params.p", "name", "status", "end_time", "run_id", "key", "order", "timestamp", "text", "date",
]  # fmt: skip


def joined(part):
    """Several clauses, mostly with AND between them."""
    between = rarely(
        one_of(" AND ", " and "),
        one_of(" OR ", ", ", "; ", " ", " AND AND ", " & ", "\nAND\n", "\tand\t", " AND NOT "),
        20,
    )
    ends = rarely(
        st.just("{}"), one_of(" {} ", "({})", "{};", "AND {}", "{} AND", "-- {}", "{} -- x", "{} LIMIT 1"), 20
    )
    several = st.lists(part, min_size=1, max_size=3)
    return rarely(
        st.tuples(several, between, ends).map(
            lambda drawn: drawn[2].format(drawn[1].join(drawn[0]).replace("{", "(").replace("}", ")"))
        ),
        one_of("", " ", "AND", "'", "x", "1", "1=1", ";", "--", "()", "NOT", "NULL", None, 5, ["a"]),
        20,
    )


def order(names):
    """One entry of an order_by."""
    ends = rarely(
        one_of("", " ASC", " DESC", " asc", " desc"),
        one_of(" DESCENDING", " DESC ASC", ",", " NULLS LAST", "  DESC ", " d", ";"),
        20,
    )
    names = rarely(one_of(*names), one_of(*NAMELESS, *names), 20)
    return st.tuples(names, ends).map("".join)


def orders(names):
    return rarely(st.lists(order(names), max_size=2), one_of(None, "name", [""], [" "], [5], [None], {}, "", []), 20)


RUN_METRICS = [
    "metrics.m",
    "metric.loss",
    "metrics.`a b`",
    'metrics."a b"',
    "metrics.x/y",
    "metrics.`x/y`",
    "metrics.n.a",
    "metrics.none",
]
RUN_PARAMS = ["params.p", "param.lr", "parameter.p", "parameters.lr", "params.`a b`", "params.'a b'", "params.none"]
RUN_TAGS = [
    "tags.t",
    "tag.u",
    "tags.`a b`",
    'tags."a b"',
    "tags.mlflow.note.content",
    "tags.mlflow.runName",
    "tags.none",
]
RUN_TIMES = [
    "attributes.start_time",
    "start_time",
    "attr.end_time",
    "end_time",
    "created",
    "run.Created",
    "attribute.created",
]
RUN_TEXTS = [
    "attributes.status",
    "status",
    "run_name",
    "attr.`run name`",
    "attributes.Run_name",
    "run.run_name",
    "user_id",
    "artifact_uri",
    "run_id",
]
RUN_DATA = ["dataset.name", "datasets.digest", "dataset.context"]
RUN_WORDS = [
    "'FINISHED'",
    "'RUNNING'",
    "'finished'",
    "'%ING'",
    "'⟦run:0⟧'",
    "'⟦run:1⟧'",
    "'%artifacts'",
    "'named'",
    "'d'",
    "'train'",
]

RUN_FILTERS = joined(
    clause(
        [*RUN_METRICS, *RUN_METRICS, *RUN_TIMES],
        [*RUN_PARAMS, *RUN_TAGS, *RUN_TEXTS, *RUN_DATA],
        ["run_id", "attributes.run_id", *RUN_DATA],
        ["params.p", "tags.t", "params.none", "tags.`a b`"],
        RUN_WORDS,
        ["('⟦run:0⟧', '⟦run:1⟧')", "('⟦run:0⟧')", "('d', 'e')", "('1', 'train')"],
    )
)
RUN_ORDERS = orders(
    [
        *RUN_METRICS,
        *RUN_PARAMS,
        *RUN_TAGS,
        *RUN_TIMES,
        "status",
        "attributes.status",
        "run_name",
        "user_id",
        "`Start Time`",
        "attribute.end_time",
    ]
)

EXPERIMENT_FILTERS = joined(
    clause(
        ["creation_time", "attribute.last_update_time"],
        ["name", "attributes.name", "tags.t", "tag.u", "tags.`a b`", "experiment_id", "tags.mlflow.note.content"],
        ["experiment_id", "attr.experiment_id"],
        ["tags.t", "tags.none"],
        ["'⟦experiment:0⟧'", "'%⟦own⟧%'", "'⟦own⟧%'", "'⟦OWN⟧%'", "'⟦own⟧ a'"],
        ["('⟦experiment:0⟧', '⟦experiment:1⟧')", "('⟦experiment:0⟧')"],
    )
)
EXPERIMENT_ORDERS = orders(
    [
        "name",
        "experiment_id",
        "creation_time",
        "last_update_time",
        "attribute.name",
        "attributes.creation_time",
        "tags.t",
    ]
)

MODEL_FILTERS = joined(
    clause(
        [],
        ["name", "attribute.name", "tags.t", "tag.u", "tags.`a b`", "tags.`mlflow.prompt.is_prompt`"],
        ["name"],
        [],
        ["'%⟦own⟧%'", "'⟦own⟧%'", "'⟦OWN⟧%'", "'⟦own⟧ a'", "'true'", "'false'"],
        ["('⟦own⟧ a', '⟦own⟧ b')", "('⟦own⟧ a')"],
    )
)
MODEL_ORDERS = orders(["name", "timestamp", "last_updated_timestamp", "attribute.name", "creation_timestamp"])

VERSION_FILTERS = joined(
    clause(
        ["version_number", "attribute.version_number"],
        [
            "name",
            "run_id",
            "source_path",
            "attributes.name",
            "tags.t",
            "tag.u",
            "tags.`a b`",
            "tags.`mlflow.prompt.is_prompt`",
            "current_stage",
        ],
        ["name", "run_id"],
        [],
        ["'%⟦own⟧%'", "'⟦own⟧%'", "'⟦own⟧ a'", "'⟦run:0⟧'", "'models:/%'", "'true'", "'false'"],
        ["('⟦own⟧ a', '⟦own⟧ b')", "('⟦run:0⟧', '⟦run:1⟧')"],
    )
)
VERSION_ORDERS = orders(
    [
        "name",
        "version_number",
        "creation_timestamp",
        "last_updated_timestamp",
        "attribute.name",
        "run_id",
        "source_path",
    ]
)

LOGGED_FILTERS = joined(
    clause(
        [
            "metrics.m",
            "metrics.`a b`",
            "metrics.loss",
            "creation_timestamp",
            "attributes.creation_time",
            "last_updated_timestamp",
            "last_updated_time",
        ],
        [
            "name",
            "attributes.name",
            "params.p",
            "tags.t",
            "tags.`a b`",
            "model_type",
            "status",
            "source_run_id",
            "attributes.model_id",
            "params.lr",
        ],
        ["name", "params.p", "tags.t", "status", "model_id"],
        [],
        [
            "'READY'",
            "'PENDING'",
            "'FAILED'",
            "'LOGGED_MODEL_READY'",
            "'agent'",
            "'⟦run:0⟧'",
            "'⟦model:0⟧'",
            "'lm'",
            "'LM%'",
        ],
        ["('READY', 'PENDING')", "('lm', 'model')", "('⟦model:0⟧')"],
    )
)
LOGGED_ORDERS = [
    "name",
    "attributes.name",
    "metrics.m",
    "metrics.`a b`",
    "creation_timestamp",
    "creation_time",
    "last_updated_timestamp",
    "model_type",
    "status",
    "params.p",
    "x",
]

TRACE_FILTERS = joined(
    clause(
        [
            "timestamp",
            "timestamp_ms",
            "attributes.timestamp_ms",
            "execution_time",
            "trace.execution_time_ms",
            "end_time",
            "feedback.good",
            "expectation.right",
        ],
        [
            "name",
            "trace.name",
            "status",
            "attributes.status",
            "request_id",
            "client_request_id",
            "run_id",
            "tags.t",
            "tag.u",
            "tags.`a b`",
            "tags.mlflow.traceName",
            "metadata.k",
            "request_metadata.k",
            "metadata.`mlflow.trace.session`",
            "metadata.mlflow.sourceRun",
            "span.name",
            "span.type",
            "span.status",
            "span.attributes.model",
            "feedback.good",
            "expectation.right",
            "feedback.`a b`",
            "span.content",
            "text",
            "trace.text",
            "prompt",
            "issue.id",
        ],
        ["name", "status", "request_id", "client_request_id", "run_id", "span.name", "span.type", "span.status"],
        ["tags.t", "metadata.k", "feedback.good", "expectation.right", "tags.none", "metadata.`mlflow.trace.user`"],
        [
            "'OK'",
            "'ERROR'",
            "'IN_PROGRESS'",
            "'⟦trace:0⟧'",
            "'tr-⟦hex:1⟧'",
            "'⟦run:0⟧'",
            "'first'",
            "'root'",
            "'c-1'",
            "'yes'",
            "'true'",
            "'p/1'",
            "'%hi%'",
            "'gpt'",
        ],
        [
            "('OK', 'ERROR')",
            "('⟦trace:0⟧', 'tr-⟦hex:1⟧')",
            "('⟦run:0⟧', '⟦run:1⟧')",
            "('first', 'root')",
            "('c-1', 'c-2')",
        ],
    )
)
TRACE_ORDERS = orders(
    [
        "timestamp",
        "timestamp_ms",
        "execution_time",
        "end_time",
        "status",
        "name",
        "trace.name",
        "run_id",
        "experiment_id",
        "tags.t",
        "tags.`a b`",
        "metadata.k",
        "attributes.timestamp",
        "client_request_id",
    ]
)

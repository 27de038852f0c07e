"""A request, and how requests with drawn arguments are made."""

import re
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from . import values
from .values import ABSENT, mostly, one_of, rarely


@dataclass(frozen=True)
class Call:
    """One request. Texts in it may hold placeholders."""

    method: str
    path: str
    body: object = None
    # Bytes or text of a body that isn't JSON of the above.
    raw: bytes | str | None = None
    query: tuple = ()
    headers: dict = field(default_factory=dict)
    # What it makes, if it answers well: the kind of a placeholder, and where the answer has the id.
    makes: tuple | None = None
    # Further pages that are asked for, if there are.
    pages: int = 0

    @property
    def label(self):
        """Which operation, whatever its arguments."""
        path = re.sub(r"(/logged-models)/(?!search$)[^/]+", r"\1/*", self.path)
        path = re.sub(r"(/mlflow-artifacts/artifacts|/tags|/assessments|/webhooks|/mpu/create)/[^?]+", r"\1/*", path)
        path = re.sub(r"(/mlflow/traces)/(?!(get|batchGet|batchGetInfos|search|metrics|delete-traces|link-\w+(-\w+)?)$)[^/]+", r"\1/*", path)
        return f"{self.method} {path}"

    def with_token(self, token):
        """The same for another page."""
        if self.method == "GET":
            return replace(
                self, query=(*(pair for pair in self.query if pair[0] != "page_token"), ("page_token", token))
            )
        return replace(self, body={**self.body, "page_token": token})


@st.composite
def arguments(draw, spoil=15, **fields):
    """A value for each field; one in `spoil` is one too few, or has one of a wrong type."""
    drawn = {name: draw(strategy) for name, strategy in fields.items()}
    drawn = {name: value for name, value in drawn.items() if value is not ABSENT}
    if drawn and draw(st.integers(1, spoil)) == spoil // 2:
        name = draw(st.sampled_from(sorted(drawn)))
        if draw(st.booleans()):
            del drawn[name]
        else:
            drawn[name] = draw(values.WRONG)
    if draw(st.integers(1, spoil * 4)) == spoil * 2:
        drawn[draw(one_of("unknown", "workspace", "x y"))] = draw(values.WRONG)
    return drawn


def maybe(strategy, often=5):
    """Absent otherwise."""
    return mostly(strategy, st.just(ABSENT), often)


@st.composite
def spoiled_json(draw, call):
    """The call with a body that isn't what it should be, now and then."""
    call = draw(call)
    if draw(st.integers(0, 99)) not in (48, 49, 50) or call.method == "GET":
        return call
    raw = draw(
        one_of(
            "",
            "{",
            "[]",
            "null",
            "7",
            '"x"',
            "{}",
            '{"a": }',
            b"\xff\xfe",
            '{"name": "a", "name": "b"}',
            "[1, 2]",
            '"{}"',
            "\ufeff{}",
            "{} x",
        )
    )
    headers = draw(
        one_of(
            {},
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/json; charset=utf-8"},
            {"Content-Type": "APPLICATION/JSON"},
            {"Content-Type": ""},
        )
    )
    return replace(call, raw=raw, headers=headers)


def post(path, makes=None, /, pages=0, method="POST", prefix="/api", api="2.0", **fields):
    """A call with a JSON body."""
    made = arguments(**fields).map(
        lambda body: Call(method, f"{prefix}/{api}/mlflow/{path}", body=body, makes=makes, pages=pages)
    )
    return spoiled_json(made)


def at(path, call, /, **places):
    """The call at a path whose variable parts, as in `traces/{trace}/tags`, are drawn."""
    return st.tuples(call, st.fixed_dictionaries(places)).map(
        lambda drawn: replace(drawn[0], path=drawn[0].path.removesuffix(path) + path.format(**drawn[1]))
    )


def get(path, /, pages=0, prefix="/api", api="2.0", **fields):
    """A call with a query string; lists are keys that are repeated."""

    def call(drawn):
        pairs = []
        for name, value in drawn.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    pairs.append((name, one if isinstance(one, str) else str(one)))
        return Call("GET", f"{prefix}/{api}/mlflow/{path}", query=tuple(pairs), pages=pages)

    return arguments(**fields).map(call)


def items(least=0, most=3, **fields):
    """A list of objects."""
    listed = st.lists(arguments(spoil=150, **fields), min_size=least, max_size=most)
    return rarely(listed, values.WRONG, 50)


def own(names):
    """Names of things that all sequences share: one's own, mostly."""
    return mostly(one_of("⟦own⟧ a", "⟦own⟧ b", "⟦own⟧ ü"), names.map(lambda name: f"⟦own⟧{name}"), 6)


def limited(strategy, mine):
    """A filter on what all sequences share, of one's own things alone."""

    def limit(text):
        return f"{mine} AND {text}" if isinstance(text, str) and text.strip() else mine

    return strategy.map(limit)

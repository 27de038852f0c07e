"""What was thought of traces."""

from hypothesis import strategies as st

from .. import values
from ..call import Call, arguments, at, maybe, post
from ..values import ABSENT, mostly, one_of, rarely, ref

TRACE = mostly(ref("trace", 1), one_of("tr-" + "e" * 32, "abc"), 9)
ASSESSMENT = mostly(ref("assessment"), one_of("a-" + "0" * 32, "abc", "⟦run:0⟧", "x" * 60), 9)
NAMES = rarely(one_of("good", "right", "a b"), values.ODD_NAMES, 15)
VALUES = mostly(
    one_of(True, False, "yes", "no", 1, 0.5, 3, "1"),
    one_of(None, "", [], {}, [1, "a"], {"a": {"b": 1}}, "ü", "x" * 5000, 2**53 + 1, 1e300, -0.0, "null", "it's", 10**30, "a\nb", [None], {"": 1.0}),
    7,
)  # fmt: skip
STAMPS = mostly(
    st.integers(0, 59).map(lambda second: f"2023-11-14T22:13:{second:02d}Z"),
    one_of(ABSENT, "2023-11-14T22:13:20.123456Z", "x", "", 5, "1969-12-31T23:59:59Z", None),
    8,
)
SOURCE = arguments(
    spoil=40,
    source_type=mostly(one_of("HUMAN", "LLM_JUDGE", "CODE"), one_of("SOURCE_TYPE_UNSPECIFIED", "AI_JUDGE", "human", "", 1, 9, None), 9),
    source_id=mostly(one_of("alice", "bob"), values.TEXTS, 8),
)
FEEDBACK = arguments(
    spoil=40,
    value=maybe(VALUES, 9),
    error=maybe(arguments(spoil=30, error_code=one_of("E", ""), error_message=maybe(one_of("broke", "")), stack_trace=maybe(one_of("at x", ""))), 2),
)
EXPECTATION = mostly(
    arguments(spoil=40, value=maybe(VALUES, 9)),
    arguments(
        spoil=40,
        serialized_value=arguments(
            spoil=40,
            serialization_format=mostly(st.just("JSON_FORMAT"), one_of("", "YAML", ABSENT), 8),
            value=one_of('{"a": 1}', "[1, 2]", "{", "", '"x"', "5", '{"a":1}'),
        ),
    ),
    7,
)
SAID = st.one_of(
    st.fixed_dictionaries({"feedback": FEEDBACK}),
    st.fixed_dictionaries({"expectation": EXPECTATION}),
    rarely(
        st.fixed_dictionaries({"feedback": FEEDBACK}),
        one_of({}, {"issue": {"issue_name": "slow"}}, {"issue": {}}, {"feedback": None}, {"feedback": {"value": 1}, "expectation": {"value": 2}}),
        4,
    ),
)
BESIDES = arguments(
    spoil=30,
    assessment_name=NAMES,
    source=SOURCE,
    span_id=maybe(rarely(one_of("1111111111111111", ""), values.TEXTS), 2),
    rationale=maybe(rarely(one_of("because", ""), values.TEXTS), 5),
    metadata=maybe(st.dictionaries(one_of("k", "l", "a b"), values.TEXTS, max_size=2), 4),
    overrides=maybe(ASSESSMENT, 1),
    valid=maybe(st.booleans(), 1),
    create_time=STAMPS,
    last_update_time=STAMPS,
)
NEW_ASSESSMENT = st.tuples(BESIDES, SAID).map(lambda drawn: {**drawn[0], **drawn[1]})
# Of an update the times aren't read; what comes behind one that is wrong wouldn't be read by MLflow.
CHANGED = NEW_ASSESSMENT.map(
    lambda assessment: {name: value for name, value in assessment.items() if not name.endswith("_time")}
)
MASKS = mostly(
    st.lists(one_of("assessmentName", "feedback", "expectation", "rationale", "metadata", "valid"), min_size=1, max_size=3, unique=True).map(",".join),
    one_of("", "assessment_name", "x", "source", "rationale,", None, ["rationale"], {"paths": ["rationale"]}, "traceId", "overrides", "spanId"),
    9,
)
ONE = "traces/{trace}/assessments/{assessment}"

ASSESSMENTS = [
    *[
        at(
            "traces/{trace}/assessments",
            post("traces/{trace}/assessments", ("assessment", ("assessment", "assessment_id")), api="3.0", assessment=NEW_ASSESSMENT),
            trace=TRACE,
        )
    ]
    * 4,
    st.tuples(TRACE, ASSESSMENT).map(
        lambda drawn: Call("GET", f"/api/3.0/mlflow/traces/{drawn[0]}/assessments/{drawn[1]}")
    ),
    *[
        at(
            ONE,
            post(ONE, method="PATCH", api="3.0", assessment=CHANGED, update_mask=MASKS),
            trace=TRACE,
            assessment=ASSESSMENT,
        )
    ]
    * 3,
    st.tuples(TRACE, ASSESSMENT).map(
        lambda drawn: Call("DELETE", f"/api/3.0/mlflow/traces/{drawn[0]}/assessments/{drawn[1]}")
    ),
    TRACE.map(lambda trace: Call("GET", f"/api/3.0/mlflow/traces/{trace}")),
]  # fmt: skip

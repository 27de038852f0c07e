"""Names, numbers and texts that are usual, odd or wrong.

Placeholders as `⟦run:0⟧` stand for ids, which differ between the servers; `sides.Side.fill` puts them in.
"""

from hypothesis import strategies as st


def one_of(*values):
    return st.sampled_from(values)


ABSENT = object()


def mostly(usual, odd, often: int = 8):
    """The usual ones `often` times out of ten."""
    # In the middle: Hypothesis has a liking for the least and the greatest number.
    first = (often + 1) // 2
    return st.integers(0, 9).flatmap(lambda roll: odd if first <= roll < first + 10 - often else usual)


def rarely(usual, odd, out_of: int = 30):
    """The odd ones once out of so many times."""
    return st.integers(1, out_of).flatmap(lambda roll: odd if roll == out_of // 2 else usual)


def ref(kind: str, last: int = 3):
    """An id that an earlier call made, if there was one."""
    return st.integers(0, last).map(lambda index: f"⟦{kind}:{index}⟧")


WRONG = one_of(5, 1.5, True, [], {}, ["a"], {"a": 1}, [1], "", None)

ODD_NAMES = one_of(
    "", " ", "  a", "a ", "a b", "ünïcode", "日本語", "😀", "é" * 250, "x" * 249, "x" * 250, "x" * 251, "x" * 255,
    "x" * 256, "x" * 257, "x" * 500, "x" * 501, "a/b", "a//b", "/a", "a/", "./a", "../a", "a/../b", "..", ".", "a/.",
    "a%b", "100%", "%2F", "a%2Fb", "a'b", 'a"b', "a`b", "a\\b", "a:b", "a#b", "a?b", "a;b", "a,b", "a&b=c", "a+b",
    "a\nb", "a\tb", "a\rb", "\u200b", "\u00a0", "e\u0301", "ﬁ", "İ", "ß", "_", "-", "a-b_c.d", "NULL", "None", "true",
    "0", "1", "-1", "1.5", "<b>", "$(a)", "{a}", "[a]", "a|b", "a*b", "a=b", "(a)", "a@b", "~a", "a^b", "²", "٣", "\u0345",
)  # fmt: skip

ODD_INTS = one_of(
    0, 1, -1, 2, 3, 100, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 10**30, 1.0, 1.5,
    1e3, 1e18, 1e19, "0", "1", "-1", "5", "5.0", "1.5", "abc", "", " 5", "5 ", "+5", "05", "5e0", "1e3", "0x10", "٣", "1_000",
    str(2**53 + 1), str(2**63 - 1), str(2**63), True, False, None, [1], [], {}, "NaN",
)  # fmt: skip

ODD_DOUBLES = one_of(
    0, -0.0, 1, -1, 1e308, 1.7976931348623157e308, -1e308, 5e-324, 1e-308, 0.1, 1 / 3, 2**53 + 1, 2**63 - 1, 2**63, 2**64,
    10**30, 10**400, "NaN", "Infinity", "-Infinity", "nan", "inf", "infinity", "-inf",
    "1.5", "-1.5", " 1.5", "1.5 ", "1e3", ".5", "5.", "+1", "1_0", "0x10", "", "abc", "1e400", True, False, None, [1], {}, "٣",
)  # fmt: skip

STEPS = rarely(st.integers(0, 12), ODD_INTS)
TIMES = rarely(st.integers(1, 8).map(lambda i: 1_700_000_000_000 + i), ODD_INTS)
DOUBLES = mostly(one_of(0.5, 1, 2, 3, 0.25, -1, 1e10, "NaN", "2"), ODD_DOUBLES, 9)

METRIC_KEYS = rarely(one_of("m", "loss", "a b", "x/y", "n.a"), ODD_NAMES, 20)
PARAM_KEYS = rarely(one_of("p", "lr", "a b", "n.a"), ODD_NAMES, 20)
TAG_KEYS = rarely(one_of("t", "u", "a b", "mlflow.note.content", "mlflow.user", "n.a"), ODD_NAMES, 20)
TEXTS = mostly(
    one_of("1", "2", "A", "a", "abc", "it's", 'say "x"', "100%", "a_c", "ünï", "", "10", "1.0"),
    one_of(
        "x" * 500, "x" * 501, "x" * 5000, "x" * 5001, "x" * 6000, "x" * 6001, "x" * 8000, "x" * 8001, "é" * 6001, "😀" * 8001,
        "x" * 20000, "x" * 20001, "a\nb", " ", "\t", "null", "{}", "<script>", "\u202e", "x" * 100_000, "x" * 100_001,
    ),
    9,
)  # fmt: skip

LIMITS = mostly(
    one_of(1, 2, 3, 5, 100),
    one_of(0, -1, 1000, 1001, 50000, 50001, 200000, 200001, "2", "abc", 1.5, 2**31, 2**63, True, None, ""),
    9,
)
TOKENS = rarely(
    st.just(ABSENT),
    one_of(
        "⟦token:0⟧", "⟦token:1⟧", "", "x", "!!!", "eyJvZmZzZXQiOiAyfQ==", "eyJvZmZzZXQiOiAwfQ==", "eyJvZmZzZXQiOiAtMX0=", "MQ==",
        "eyJvZmZzZXQiOiAieCJ9", "bnVsbA==", "e30=", "eyJvZmZzZXQiOiA5OTk5OX0=", "5", 5,
    ),
    20,
)  # fmt: skip
VIEWS = mostly(
    one_of("ACTIVE_ONLY", "ALL", "DELETED_ONLY"), one_of("all", "BOGUS", "", 1, 2, 3, 4, 0, "1", None, True, []), 8
)

FILES = mostly(
    one_of("a.txt", "dir/b.json", "dir/c", "dir/deep/d.png", "empty"),
    one_of(
        "a b.txt", "ünï.txt", "😀", "100%", "a%2Fb", "a%252Fb", "a+b", "a#b", "a?b", "a&b", "a;b", "a'b", 'a"b', "a\\b", "..", "../x",
        "dir/../x", "./a.txt", "a//b", "dir/", "/a", "a:b", "~", ".hidden", "x" * 200, "x" * 300, "a\nb", "a.txt/b", "dir", "a*b", "<b>",
        "", ".", "C:\\x", "C:/x", "a.tar.gz", "noext.", "mlmodel.YAML", "x.html", "x.svg", "x.csv", "MLmodel", "x.py", "x.log",
    ),
    8,
)  # fmt: skip

EXPERIMENT = mostly(
    ref("experiment", 2), one_of("0", "999999", "", "abc", "-1", "1.5", "9223372036854775808", "⟦run:0⟧"), 9
)
RUN = mostly(ref("run"), one_of("0" * 32, "", "abc", "x" * 300, "../x", "⟦experiment:0⟧", "a b", "ü", "⟦RUN:0⟧"), 9)
MODEL = mostly(ref("model"), one_of("m-" + "0" * 32, "m-zzz", "⟦run:0⟧", "x"), 9)
NAME = mostly(ref("name", 2), one_of("⟦own⟧ none", "", "⟦own⟧/x", "⟦own⟧:x", "⟦OWN⟧ A", " "), 9)
VERSION = mostly(
    one_of("1", "1", "2", "3"),
    one_of("0", "99", "", "-1", "abc", "01", "1.0", " 1", "+1", "9223372036854775808", "2147483648", "latest", "٣"),
    9,
)
ALIAS = mostly(
    one_of("best", "b-2", "ü"),
    one_of("", "latest", "Latest", "v1", "V2", "v", "v1a", "a b", "a/b", "x" * 255, "x" * 256, "1", "a.b", "-"),
    8,
)
STAGE = mostly(
    one_of("Staging", "Production", "Archived", "None", "staging", "PRODUCTION"),
    one_of("", "Foo", "none ", "Deleted_Internal"),
    9,
)

"""Files of runs and logged models."""

from hypothesis import strategies as st

from .. import values
from ..call import Call, get, maybe
from ..values import RUN, mostly, one_of

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
ROOT = mostly(
    one_of("⟦experiment:0⟧/⟦run:0⟧/artifacts", "⟦experiment:0⟧/⟦run:1⟧/artifacts"),
    st.just("⟦experiment:0⟧/models/⟦model:0⟧/artifacts"),
    8,
)
PLACE = st.tuples(ROOT, values.FILES).map("/".join)
CONTENTS = one_of(b"", b"text", b"\x00\xff", b"x" * 5000)
RANGES = mostly(
    st.just({}),
    one_of(
        "bytes=0-1",
        "bytes=1-",
        "bytes=-2",
        "bytes=9-",
        "bytes=3-1",
        "bytes=0-0,2-3",
        "lines=1-2",
        "bytes=0-99999",
        "bytes=-0",
    ).map(lambda text: {"Range": text}),
    8,
)
FILES = [
    *[
        st.tuples(PLACE, CONTENTS).map(
            lambda drawn: Call("PUT", f"{ARTIFACTS}/{drawn[0]}", raw=drawn[1], headers={"Content-Type": "text/plain"})
        )
    ]
    * 3,
    st.tuples(PLACE, RANGES).map(lambda drawn: Call("GET", f"{ARTIFACTS}/{drawn[0]}", headers=drawn[1])),
    mostly(ROOT, PLACE, 6).map(lambda path: Call("GET", ARTIFACTS, query=(("path", path),))),
    PLACE.map(lambda path: Call("DELETE", f"{ARTIFACTS}/{path}")),
    PLACE.map(
        lambda path: Call("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{path}", body={"path": "a.txt", "num_parts": 2})
    ),
    get("artifacts/list", run_id=RUN, path=maybe(values.FILES)),
    get("artifacts/list", run_id=RUN),
]

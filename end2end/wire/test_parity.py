"""MLflow's own server beside Runmark: the same calls get the same answers, but for what `parity/known.py` lists."""

import sys
from pathlib import Path

import pytest

from conftest import database

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.drive import Drive, told  # noqa: E402
from parity.explore import collect, shortest  # noqa: E402
from parity.sides import both  # noqa: E402

# `cargo xtask parity --cases 20000 --seed 2` compares more of them, and others.
CALLS = 600


@pytest.fixture
def drive(kind, tmp_path):
    """Both servers, with nothing in them."""
    with database(kind, tmp_path) as address, both(tmp_path, address) as sides:
        yield Drive(*sides)


def test_both_answer_alike(drive):
    findings = [shortest(drive, finding) for finding in collect(drive, CALLS, first_seed=1)]
    lines = []
    for finding in findings:
        lines += ["", *(told(call) for call in finding.calls)]
        lines += [f"  MLflow:  {finding.difference.mlflow}", f"  Runmark: {finding.difference.runmark}"]
    assert not findings, "\n".join(lines)

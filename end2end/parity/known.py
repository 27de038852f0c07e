"""Differences that are meant: what MLflow answers, what Runmark answers instead, and why.

Each is documented in docs/mlflow-differences.md, where `reference` names the place. To accept a difference, add a line here
and a sentence there. A difference that is no line here is a finding.
"""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Case:
    """A call with both answers and one of the differences."""

    call: object
    mlflow: object
    runmark: object
    difference: object


@dataclass(frozen=True)
class Known:
    """One kind of difference."""

    reason: str
    reference: str
    applies: Callable[[Case], bool]


KNOWN = [
]


def known(case: Case) -> Known | None:
    """What explains the difference."""
    return next((one for one in KNOWN if one.applies(case)), None)

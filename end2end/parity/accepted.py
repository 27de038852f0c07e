"""What a difference that is meant looks like."""

import re
from collections.abc import Callable
from dataclasses import dataclass

VALUES, ERRORS, READING, REGISTRY = "Values and writes", "Errors", "Reading", "Registry"
INTEGRITY = r"IntegrityError|ProgrammingError|Query-invoked autoflush"
# Operations that search; clients before MLflow 3 search for traces with a GET.
SEARCHES = r"search|GET .*/2\.0/mlflow/traces$"

ANY = lambda case: True  # noqa: E731


@dataclass(frozen=True)
class Case:
    """A call as MLflow got it, both answers, and one of the differences."""

    call: dict
    mlflow: object
    runmark: object
    difference: object

    def given(self, name):
        """An argument of the call."""
        body = self.call["body"] if isinstance(self.call["body"], dict) else {}
        return body.get(name, dict(map(tuple, self.call["query"])).get(name))


def truncated(case):
    """A value that is longer than tags are."""
    return str(case.difference.mlflow).startswith(str(case.difference.runmark)) and len(
        str(case.difference.runmark)
    ) in (6000, 8000)


@dataclass(frozen=True)
class Known:
    """One kind of difference."""

    reason: str
    reference: str
    # Statuses of MLflow and of Runmark; None for differences in what is answered.
    statuses: tuple | None = None
    label: str = ""
    # What the messages say, or where in the answers the difference is.
    mlflow: str = ""
    runmark: str = ""
    where: str | None = None
    when: Callable = ANY

    def applies(self, case: Case) -> bool:
        """Whether this explains the difference."""
        if self.statuses:
            mlflow, runmark = self.statuses
            fits = (
                case.difference.kind == "status"
                and case.mlflow.status in _list(mlflow)
                and case.runmark.status in _list(runmark)
                and re.search(self.mlflow, case.mlflow.message)
                and re.search(self.runmark, case.runmark.message)
            )
        else:
            fits = case.difference.kind != "status" and re.fullmatch(self.where, case.difference.where)
        return bool(fits and re.search(self.label, case.difference.label) and self.when(case))


def _list(one_or_many):
    return one_or_many if isinstance(one_or_many, tuple) else (one_or_many,)

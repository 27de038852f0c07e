"""Sends sequences of calls to both servers and keeps what differs."""

import re
from collections import Counter
from dataclasses import dataclass

from .call import Call
from .compare import Difference, compare
from .known import Case, known
from .known_spans import left_out


@dataclass
class Finding:
    """A difference that isn't known, the first time it was met, with the calls before."""

    difference: Difference
    calls: list
    request: str
    times: int = 1


class Drive:
    """Both servers and what was seen so far."""

    def __init__(self, mlflow, runmark, messages=False):
        self.sides = (mlflow, runmark)
        self.messages = messages
        self.cases = 0
        self.sequences = 0
        self.agreed = Counter()
        self.expected = Counter()
        self.labels = Counter()

    def run(self, sequence):
        """Sends a sequence; yields what differs and isn't known."""
        self.sequences += 1
        for side in self.sides:
            side.begin(f"q{self.sequences}")
            if any("/webhooks" in call.path for call in sequence):
                side.delete_webhooks()
        for position, call in enumerate(sequence):
            for page in range(call.pages + 1):
                answers = [side.send(call) for side in self.sides]
                self.cases += 1
                self.labels[call.label] += 1
                self._bind(call, answers)
                clean = True
                for difference in compare(call, *answers, self.sides):
                    if difference.kind == "message" and not self.messages:
                        continue
                    why = known(Case(self._filled(call), *answers, difference))
                    if why:
                        self.expected[why.reason] += 1
                    else:
                        clean = False
                        yield Finding(difference, sequence[: position + 1], self._told(call))
                if clean:
                    self.agreed[call.label, answers[0].good] += 1
                if self._apart(call, *answers):
                    # Other sequences search among all experiments and models.
                    self._name_alike()
                    for side in self.sides if "model-versions" in call.path or "registered-models" in call.path else ():
                        side.delete_models()
                    return
                tokens = [
                    answer.body.get("next_page_token") if answer.good and isinstance(answer.body, dict) else None
                    for answer in answers
                ]
                if not all(tokens) or page == call.pages:
                    break
                for side, token in zip(self.sides, tokens, strict=True):
                    side.ids.setdefault("token", []).append(token)
                call = call.with_token(f"⟦token:{len(self.sides[0].ids['token']) - 1}⟧")

    def _apart(self, call, mlflow, runmark):
        """Whether they differ ever after: one has done what the other hasn't, or MLflow may have done a part of it."""
        writes = call.method != "GET" and "search" not in call.path
        # MLflow keeps a version whose logged model isn't there, and then says so.
        kept = call.path.endswith("/model-versions/create") and mlflow.message.startswith("Logged model with ID")
        return writes and (
            mlflow.good != runmark.good
            or mlflow.status >= 500
            or "IntegrityError" in mlflow.message
            or kept
            or left_out(runmark)
        )

    def _name_alike(self):
        """Gives the experiments of this sequence names that both take: one may have refused one."""
        for number, _ in enumerate(self.sides[0].ids.get("experiment", [])):
            name = {"experiment_id": f"⟦experiment:{number}⟧", "new_name": f"⟦own⟧ {number}"}
            renamed = Call("POST", "/api/2.0/mlflow/experiments/update", body=name)
            for side in self.sides:
                side.send(renamed)

    def _bind(self, call, answers):
        """Notes the id that both gave to the same thing."""
        if not call.makes or not all(answer.good for answer in answers):
            return
        kind, place = call.makes
        ids = []
        for answer in answers:
            found = answer.body
            for name in place:
                found = found.get(name, {}) if isinstance(found, dict) else {}
            ids.append(found)
        if not all(isinstance(one, str) for one in ids):
            return
        for side, one in zip(self.sides, ids, strict=True):
            made = side.ids.setdefault(kind, [])
            made.append(one)
            symbol = f"{side.own}.{kind}{len(made) - 1}"
            if kind == "name":
                continue
            if kind == "experiment":
                side.symbols[f"experiment {one}"] = symbol
            else:
                side.symbols[re.sub("^(m|tr|a)-|-", "", one)] = symbol

    def _filled(self, call):
        return self.sides[0].fill(
            {"path": call.path, "method": call.method, "body": call.body, "query": list(call.query)}
        ) | {"raw": call.raw, "label": call.label}

    def _told(self, call):
        return told(call)


def told(call):
    """A call as a line."""
    query = "&".join(f"{name}={value}" for name, value in call.query)
    body = (
        f" {call.raw!r} {call.headers}"
        if call.raw is not None
        else f" {call.body!r}"
        if call.body is not None
        else f" {call.headers}"
        if call.headers
        else ""
    )
    return f"{call.method} {call.path}{'?' if query else ''}{query}{body}"

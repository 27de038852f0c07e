"""Making up sequences, sending them, and making those that show a difference short."""

import tempfile
from dataclasses import replace

import hypothesis.configuration

# Hypothesis would keep what it learns of the source in a folder beside it.
hypothesis.configuration.set_hypothesis_home_dir(tempfile.gettempdir() + "/hypothesis")

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from .sequences import PINNED, sequences  # noqa: E402

# What is found is made short here, not by Hypothesis: a sequence without one of its calls is still a sequence.
SETTINGS = settings(
    database=None,
    deadline=None,
    derandomize=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
# Sequences that are made up from one seed.
ROUND = 40
# Tries to make one sequence shorter.
TRIES = 80


def collect(drive, cases, first_seed, groups=None, said=lambda text: None):
    """Sends at least so many calls; what was found, by what it looks like."""
    found = {}

    def run(sequence):
        for finding in drive.run(sequence):
            signature = finding.difference.signature
            if signature in found:
                found[signature].times += 1
            else:
                found[signature] = finding

    for sequence in PINNED:
        run(sequence)
    number = 0
    while drive.cases < cases:

        @seed(first_seed * 1_000_003 + number)
        @settings(SETTINGS, max_examples=ROUND)
        @given(sequences(groups))
        def explore(sequence):
            if drive.cases < cases:
                run(sequence)

        explore()
        number += 1
        said(f"{drive.cases} calls, {len(found)} differences")
    return sorted(found.values(), key=lambda finding: finding.difference.signature)


def shortest(drive, finding):
    """The fewest of the calls, with the fewest of their arguments, that still show it."""
    signature, tries = finding.difference.signature, 0

    def shows(sequence):
        nonlocal tries
        tries += 1
        return next((one for one in drive.run(sequence) if one.difference.signature == signature), None)

    # Whether it shows again at all: what depends on the time may not.
    smallest = shows(finding.calls)
    if not smallest:
        return finding
    position = len(smallest.calls) - 2
    while position >= 0 and tries < TRIES:
        again = shows(smallest.calls[:position] + smallest.calls[position + 1 :])
        smallest = again or smallest
        position -= 1
    changed = True
    while changed and tries < TRIES:
        changed = False
        for simpler in _simpler(smallest.calls[-1]):
            if again := shows([*smallest.calls[:-1], simpler]):
                smallest, changed = again, True
                break
            if tries >= TRIES:
                break
    return replace(smallest, times=finding.times)


def _simpler(call):
    """The call without one of its arguments, or of the items of one."""
    for index in range(len(call.query)):
        yield replace(call, query=call.query[:index] + call.query[index + 1 :])
    if call.raw is not None or not isinstance(call.body, dict):
        return
    for name, value in call.body.items():
        yield replace(call, body={other: kept for other, kept in call.body.items() if other != name})
        if isinstance(value, list) and len(value) > 1:
            for index in range(len(value)):
                yield replace(call, body={**call.body, name: value[:index] + value[index + 1 :]})

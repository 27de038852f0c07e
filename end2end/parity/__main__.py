"""`python -m parity`: sends generated calls to both servers and tells in what they differ."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from . import calls
from .drive import Drive, told
from .sides import both

SETTINGS = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": False}
# Sequences of one round, which has a seed of its own.
ROUND = 40
# Tries to make a sequence shorter.
TRIES = 150


class Differs(AssertionError):
    """The servers differ in what is being looked for."""


def collect(drive, cases, first_seed, groups, out):
    """Sends at least so many calls; the findings by what they look like."""
    found = {}
    number = 0
    while drive.cases < cases:

        @seed(first_seed * 1_000_003 + number)
        @settings(max_examples=ROUND, phases=[Phase.generate], **SETTINGS)
        @given(calls.sequences(groups))
        def explore(sequence):
            if drive.cases >= cases:
                return
            for finding in drive.run(sequence):
                signature = finding.difference.signature
                if signature in found:
                    found[signature].times += 1
                else:
                    found[signature] = finding

        explore()
        number += 1
        print(f"{drive.cases} cases, {len(found)} differences", file=out, flush=True)
    return found


def shortest(drive, finding):
    """The fewest and plainest of the calls that still show the finding."""
    signature = finding.difference.signature
    smallest, tries = finding, 0
    calls_left = list(finding.calls)
    position = len(calls_left) - 2
    while position >= 0 and tries < TRIES:
        shorter = calls_left[:position] + calls_left[position + 1 :]
        again = next((one for one in drive.run(shorter) if one.difference.signature == signature), None)
        tries += 1
        if again:
            calls_left, smallest = shorter, again
        position -= 1
    return smallest


def show(finding, out):
    """What was asked, and what both answered."""
    difference = finding.difference
    print(f"\n== {difference.label}  {difference.kind} {difference.where}  ({finding.times} times)  {difference.detail}", file=out)
    for call in finding.calls[:-1]:
        print(f"     {told(call)[:400]}", file=out)
    print(f"   asked    {finding.request[:700]}", file=out)
    print(f"   MLflow   {str(difference.mlflow)[:700]}", file=out)
    print(f"   Runmark  {str(difference.runmark)[:700]}", file=out)


def main():
    parser = argparse.ArgumentParser(prog="python -m parity", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--runmark")
    parser.add_argument("--groups", nargs="*")
    parser.add_argument("--messages", action="store_true")
    parser.add_argument("--shorten", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    import runmark

    if options.runmark:
        runmark.BINARY = Path(options.runmark).resolve()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        folder = Path(folder)
        database = f"sqlite:///{folder}/runmark.db"
        with both(folder, database) as sides:
            drive = Drive(*sides, messages=options.messages)
            begun = time.monotonic()
            found = collect(drive, options.cases, options.seed, options.groups, sys.stderr)
            took = time.monotonic() - begun
            cases = drive.cases
            with open(options.output, "w") if options.output else os.fdopen(os.dup(1), "w") as out:
                for finding in sorted(found.values(), key=lambda one: one.difference.signature):
                    show(shortest(drive, finding) if options.shorten else finding, out)
            for label in sorted(drive.labels):
                both_well, both_not = drive.agreed[label, True], drive.agreed[label, False]
                print(f"  {drive.labels[label]:6} × {label}: {both_well} done, {both_not} refused, by both")
            for reason, times in drive.expected.most_common():
                print(f"  {times:6} × {reason}")
            print(f"{cases} cases in {took:.0f} s: {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

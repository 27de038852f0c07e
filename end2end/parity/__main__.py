"""`python -m parity`: sends the same generated calls to MLflow's server and to Runmark, and tells in what they differ."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .drive import Drive, told
from .explore import collect, shortest
from .sides import both, empty, runmark


def show(finding):
    """What was asked, and what both answered."""
    difference = finding.difference
    print(f"\n{difference.label}: {difference.kind} {difference.where} {difference.detail} ({finding.times} times)")
    for call in finding.calls[:-1]:
        print(f"    after    {told(call)[:400]}")
    print(f"    asked    {told(finding.calls[-1])[:800]}")
    mlflow, runmark = difference.mlflow, difference.runmark
    if isinstance(mlflow, list) and isinstance(runmark, list):
        # Of long lists what the other hasn't.
        mlflow, runmark = [[item for item in one if item not in other] for one, other in ((mlflow, runmark), (runmark, mlflow))]
    print(f"    MLflow   {str(mlflow)[:800]}")
    print(f"    Runmark  {str(runmark)[:800]}")


def summary(drive):
    """How often what was called, and which known differences were met."""
    for label in sorted(drive.labels):
        done, refused = drive.agreed[label, True], drive.agreed[label, False]
        print(f"  {drive.labels[label]:6} × {label}: {done} done and {refused} refused by both alike")
    for reason, times in drive.expected.most_common():
        print(f"  {times:6} × known: {reason}")


def main():
    parser = argparse.ArgumentParser(prog="python -m parity", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="calls that are compared, about")
    parser.add_argument("--seed", type=int, default=1, help="the same one makes up the same calls")
    parser.add_argument(
        "--database",
        choices=["sqlite", "postgres"],
        default="sqlite",
        help="Runmark's; RUNMARK_TEST_POSTGRES names the Postgres",
    )
    parser.add_argument("--runmark", type=Path, help="the binary")
    parser.add_argument(
        "--groups", nargs="*", help="experiments, runs, metrics, models, registry, files, traces, assessments, spans, webhooks, graphql; all if not given"
    )
    parser.add_argument("--messages", action="store_true", help="compare what errors say, too")
    parser.add_argument("--as-found", action="store_true", help="don't make sequences short")
    options = parser.parse_args()
    if options.runmark:
        runmark.BINARY = options.runmark.resolve()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder, empty(options.database, Path(folder)) as database:
        with both(Path(folder), database) as sides:
            drive = Drive(*sides, messages=options.messages)
            begun = time.monotonic()
            found = collect(
                drive,
                options.cases,
                options.seed,
                options.groups,
                lambda text: print(text, file=sys.stderr, flush=True),
            )
            took, cases = time.monotonic() - begun, drive.cases
            summary(drive)
            for finding in found:
                show(finding if options.as_found else shortest(drive, finding))
            print(f"\n{cases} calls compared in {took:.0f} s: {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

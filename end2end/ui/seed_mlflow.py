"""Writes an experiment with many runs into the SQLite database of an MLflow server, as `bulk` of servers.mjs logs them.

usage: seed_mlflow.py DATABASE NAME '{"runs": 10000, "keys": 200}'; prints the id of the experiment.
"""

import json
import math
import sqlite3
import sys
import uuid

START = 1_760_000_000_000
NAMES = ["loss", "val/loss", "accuracy", "val/accuracy"]


def name(key):
    return NAMES[key] if key < 4 else f"layer/{key:05}/norm"


def loss(seed, step):
    return 1 / (1 + step * 0.01) + 0.05 * math.sin(seed * 7.3 + step * 0.37)


def main():
    database, title, data = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    runs, keys, steps = data["runs"], data["keys"], data.get("steps", 1)
    distinct = data.get("distinct", keys)
    db = sqlite3.connect(database, timeout=60)
    columns = {row[1] for row in db.execute("PRAGMA table_info(experiments)")}
    experiment = db.execute("SELECT MAX(experiment_id) FROM experiments").fetchone()[0] + 1
    fields = {
        "experiment_id": experiment,
        "name": title,
        "artifact_location": f"mlflow-artifacts:/{experiment}",
        "lifecycle_stage": "active",
        "creation_time": START,
        "last_update_time": START,
        "workspace": "default",
    }
    insert(db, "experiments", {key: value for key, value in fields.items() if key in columns})
    for number in range(runs):
        run = uuid.uuid4().hex
        start = START + number * 1000
        insert(
            db,
            "runs",
            {
                "run_uuid": run,
                "name": f"run-{number:06}",
                "source_type": "UNKNOWN",
                "source_name": "",
                "entry_point_name": "",
                "user_id": "bench",
                "status": "FINISHED",
                "start_time": start,
                "end_time": start + 60_000,
                "source_version": "",
                "lifecycle_stage": "active",
                "artifact_uri": f"mlflow-artifacts:/{experiment}/{run}/artifacts",
                "experiment_id": experiment,
            },
        )
        insert(db, "tags", {"key": "mlflow.runName", "value": f"run-{number:06}", "run_uuid": run})
        for key, value in [("lr", 0.1 / (1 + number % 10)), ("batch", 2 ** (number % 8))]:
            insert(db, "params", {"key": key, "value": str(value), "run_uuid": run})
        own = [(number * keys + key) % distinct for key in range(keys)]
        points = [
            (name(key), loss(number + key, step), START + step * 1000, run, step, False)
            for key in own
            for step in range(steps)
        ]
        db.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", points
        )
        last = [point for point in points if point[4] == steps - 1]
        db.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
            last,
        )
    db.commit()
    print(experiment)


def insert(db, table, row):
    places = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))


main()

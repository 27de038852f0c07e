"""What the journeys find on the server: Alice's and Bob's runs, with curves, params, files and where they came from."""

import math
import os
import sys
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
from mlflow.entities import Metric, Param, RunTag
from PIL import Image

experiment, person, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
client = mlflow.MlflowClient()
known = client.get_experiment_by_name(experiment)
experiment_id = known.experiment_id if known else client.create_experiment(experiment)

names = {"alice": "Alice's Initial Run", "bob": "Bob's Hyperparameter Tune"}
git = {
    "mlflow.source.name": f"{person}/train.py",
    "mlflow.source.type": "LOCAL",
    "mlflow.source.git.commit": "5f3759df" * 5,
    "mlflow.source.git.branch": f"{person}/tune",
    "mlflow.source.git.repoURL": "https://github.com/example/churn.git",
    "mlflow.user": person,
}
run = client.create_run(experiment_id, run_name=names[person], tags=git)
run_id = run.info.run_id

now = int(time.time() * 1000)
loss = [Metric("loss", math.exp(-rate * step / 20) + 0.05 * math.sin(step / 7), now + step * 1000, step) for step in range(200)]
accuracy = [Metric("val/accuracy", 1 - math.exp(-rate * step / 40) / 2, now + step * 1000, step) for step in range(200)]
params = [Param("C", str(rate)), Param("solver", "liblinear"), Param("random_state", "42")]
client.log_batch(run_id, metrics=loss + accuracy, params=params, tags=[RunTag("team", "churn")])
client.log_text(run_id, f"Trained by {person}.\nKühles Ergebnis: 1 < 2\n", "notes/readme.txt")
client.log_image(run_id, Image.new("RGB", (64, 48), (40, 121, 220)), "plots/matrix.png")
client.log_text(run_id, "<script>document.title = 'taken over'</script>", "report.html")
client.set_terminated(run_id)
print(f"{experiment_id} {run_id}")

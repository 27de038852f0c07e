"""What was answered is kept, whatever happens to the server."""

import threading

import requests

from runmark import START_WITHIN


def test_what_was_acknowledged_survives_a_kill(fresh):
    """The server is killed in the middle of the work of four clients."""
    experiment = fresh.post("/experiments/create", {"name": "durable"})["experiment_id"]
    acknowledged: dict[str, list[int]] = {}
    enough = threading.Event()

    def work(run_id):
        session = requests.Session()
        for step in range(100_000):
            metric = {"run_id": run_id, "key": "loss", "value": step / 3, "timestamp": step, "step": step}
            try:
                answer = session.post(
                    f"{fresh.url}/api/2.0/mlflow/runs/log-metric", json=metric, headers=fresh.admin.headers, timeout=10
                )
            except requests.ConnectionError:
                return
            assert answer.status_code == 200, answer.text
            acknowledged[run_id].append(step)
            if step == 50:
                enough.set()

    threads = []
    for number in range(4):
        new = {"experiment_id": experiment, "run_name": f"worker {number}", "start_time": 1}
        run_id = fresh.post("/runs/create", new)["run"]["info"]["run_id"]
        acknowledged[run_id] = []
        threads.append(threading.Thread(target=work, args=[run_id]))
    path = f"/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/model.bin"
    assert fresh.api("PUT", path, data=b"weights" * 1000).status_code == 200
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    fresh.kill()
    for thread in threads:
        thread.join(30)

    took = fresh.start()
    print(f"start to first answer: {took * 1000:.0f} ms")
    for run_id, steps in acknowledged.items():
        history = fresh.api("GET", f"/mlflow/metrics/get-history?run_id={run_id}&metric_key=loss").json()["metrics"]
        stored = {point["step"]: point["value"] for point in history}
        assert set(steps) <= set(stored)
        assert all(value == step / 3 for step, value in stored.items())
        assert len(stored) == len(history) <= len(steps) + 1
    assert fresh.api("GET", path).content == b"weights" * 1000


def test_a_start_is_quick(fresh):
    """Measured on a database that exists; 300 ms is the aim, and a loaded machine may be slower."""
    fresh.stop()
    took = min(fresh.start() for _ in range(3) if fresh.stop() is None)
    print(f"start to first answer: {took * 1000:.0f} ms")
    assert took < START_WITHIN / 10


def test_accounts_survive_and_the_password_is_told_once(fresh):
    before = fresh.admin
    fresh.stop()
    fresh.start()
    assert fresh.admin == before
    said = (fresh.folder / "stdout").read_text()
    assert before.token not in said
    assert fresh.password not in said
    assert fresh.api("GET", "/mlflow/experiments/get?experiment_id=0").status_code == 200

"""A whole service for a measurement: the simulated model, the API and workers, each a process of its own."""

import csv
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from experiments.standin import CRITERION, make_rows

CONCORD = Path(sys.executable).with_name("concord")
WORLD_ROWS = 50
"""The simulated model looks for each of its rows in each request: few are quick to find."""
START_S = 60.0
WARM_ROWS = 40
NOBODY = "http://127.0.0.1:9"
"""MLflow's address: nothing listens there, and evaluations are not tracked."""


class Deployment:
    """One service in `home`. `concurrent_calls` is the most that one worker has open at a time."""

    def __init__(self, home: Path, database_url: str | None, *, concurrent_calls: int) -> None:
        self._home = home
        self._port, self._standin_port = _free_port(), _free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.api_pid = 0
        self.api_base = f"http://127.0.0.1:{self._standin_port}/v1"
        self._environment = {
            **os.environ,
            "CONCORD_API_BASES": self.api_base,
            "CONCORD_HOME": str(home),
            "CONCORD_LOG_LEVEL": "WARNING",
            "CONCORD_MAX_IN_FLIGHT": str(concurrent_calls),
            "CONCORD_MLFLOW_URI": NOBODY,
            "CONCORD_PORT": str(self._port),
            "OPENAI_API_KEY": "sk-simulated",
        }
        if database_url is not None:
            self._environment["CONCORD_DATABASE_URL"] = database_url
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self._port}/api", timeout=300)
        self.standin = httpx.Client(base_url=f"http://127.0.0.1:{self._standin_port}", timeout=60)

    # --- processes ----------------------------------------------------------------------------------

    def start(self, latency_ms: float) -> None:
        """Start the simulated model and the API, and wait until they answer."""
        standin = ("--port", str(self._standin_port), "--rows", str(WORLD_ROWS))
        latency = ("--latency-ms", str(latency_ms))
        self._run(sys.executable, "-m", "experiments.standin", *standin, *latency)
        self.start_api()
        _until_answers(self.standin, "/v1/models")

    def start_api(self) -> None:
        """Start the API alone, and wait until it answers."""
        self.api_pid = self._run(str(CONCORD), "api").pid
        _until_answers(self.api, "/ready")

    def start_worker(self) -> int:
        """Start a worker; its process id."""
        return self._run(str(CONCORD), "worker").pid

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
        self._processes.append(process)
        return process

    def stop(self) -> None:
        """End all processes, and wait for them."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.api.close()
        self.standin.close()

    # --- work ---------------------------------------------------------------------------------------

    def upload(self, rows: int) -> str:
        """A dataset of `rows` rows, each with an input of its own; its id."""
        path = self._home / f"rows-{secrets.token_hex(4)}.csv"
        write_rows(path, rows)
        with path.open("rb") as file:
            fields = {"name": f"{rows} rows", "criterion": CRITERION}
            answer = self.api.post("/datasets", data=fields, files={"file": (path.name, file, "text/csv")})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def upload_unlabelled(self, rows: int) -> str:
        """A dataset of `rows` rows without a label; its id."""
        world = make_rows(seed=0, rows=WORLD_ROWS)
        examples = [
            {
                "id": f"{number:06d}",
                "input": f"Ticket {number}. {world[number % WORLD_ROWS].input}",
                "output": world[number % WORLD_ROWS].output,
            }
            for number in range(rows)
        ]
        body = {"name": f"{rows} rows", "criterion": CRITERION, "examples": examples}
        return str(self.api.post("/datasets", json=body).raise_for_status().json()["id"])

    def evaluate(self, dataset_id: str, instruction: str) -> str:
        """Start an evaluation; its id."""
        judge = {"model": "openai/simulated", "api_base": self.api_base, "instruction": instruction}
        body = {"dataset_id": dataset_id, "judge": judge, "force": True}
        answer = self.api.post("/evaluations", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def look(self, evaluation_id: str) -> dict[str, Any]:
        """The evaluation as it is now."""
        found: dict[str, Any] = self.api.get(f"/evaluations/{evaluation_id}").raise_for_status().json()
        return found

    def until_succeeded(self, evaluation_id: str, *, look_s: float = 0.1) -> dict[str, Any]:
        """The evaluation once it has succeeded.

        Raises:
            RuntimeError: it came to rest otherwise.
        """
        while (found := self.look(evaluation_id))["status"] != "succeeded":
            if found["status"] not in {"queued", "running"}:
                raise RuntimeError(f"{evaluation_id} is {found['status']}: {found['cause']}")
            time.sleep(look_s)
        return found

    def warm_up(self, workers: int) -> None:
        """Have every worker judge something before it is measured: the first job loads libraries."""
        dataset_id = self.upload(WARM_ROWS)
        started = [self.evaluate(dataset_id, f"Warm up {number}.") for number in range(6 * workers)]
        for evaluation_id in started:
            self.until_succeeded(evaluation_id)

    def arrivals(self) -> Sequence[float]:
        """When the simulated model received each call that it answered, in POSIX seconds."""
        log = self.standin.get("/log").raise_for_status().json()
        return sorted(call["at"] for call in log if call["outcome"] == "answered")


@contextmanager
def deployed(
    database_url: str | None, *, workers: int, concurrent_calls: int, latency_ms: float
) -> Iterator[tuple[Deployment, list[int]]]:
    """A warm service, and its workers' process ids."""
    with tempfile.TemporaryDirectory(prefix="concord-benchmark-") as home:
        deployment = Deployment(Path(home), database_url, concurrent_calls=concurrent_calls)
        try:
            deployment.start(latency_ms)
            pids = [deployment.start_worker() for _ in range(workers)]
            deployment.warm_up(workers)
            yield deployment, pids
        finally:
            deployment.stop()


def write_rows(path: Path, rows: int) -> None:
    """A labelled file in which the simulated model finds its rows, each under a ticket of its own."""
    world = make_rows(seed=0, rows=WORLD_ROWS)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label"])
        for number in range(rows):
            row = world[number % WORLD_ROWS]
            writer.writerow([f"{number:06d}", f"Ticket {number}. {row.input}", row.output, row.label.value])


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _until_answers(client: httpx.Client, path: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            client.get(path).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return

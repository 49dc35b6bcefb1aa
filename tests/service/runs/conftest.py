"""A whole service over sockets: the API in a thread, workers as processes, a simulated model."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from experiments.standin import CRITERION, KnownBetterPrompt, StandIn, make_rows
from service.app import create_app
from service.settings import Settings
from service.up import own_command
from tests.service.conftest import serve

ROWS = make_rows(seed=3, rows=80)
NOBODY = "http://127.0.0.1:9"
"""MLflow's address here: nothing listens, so every run shows that it goes on without."""
AT_REST = ("succeeded", "failed", "cancelled", "paused")
LIVENESS_S = 240.0


@dataclass
class Deployment:
    """One service: `api` is its client, `standin` the model that it may ask at `api_base`."""

    settings: Settings
    api: httpx.Client
    standin: StandIn
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, *, stderr: IO[bytes] | None = None, **variables: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "CONCORD_HOME": str(self.settings.home),
            "CONCORD_DATABASE_URL": self.settings.database,
            "CONCORD_MLFLOW_URI": NOBODY,
            "CONCORD_MAX_IN_FLIGHT": str(self.settings.max_in_flight),
            "CONCORD_SHARD_ROWS": str(self.settings.shard_rows),
            "OPENAI_API_KEY": "sk-of-a-test",
            **variables,
        }
        worker = subprocess.Popen(own_command("worker"), env=environment, cwd="/", stderr=stderr)
        self.workers.append(worker)
        return worker

    def upload(self, rows: int = len(ROWS)) -> str:
        """A dataset of the simulated world's rows; its id."""
        examples = [
            {"id": r.id, "input": r.input, "output": r.output, "label": r.label.value} for r in ROWS[:rows]
        ]
        body = {"name": "world", "criterion": CRITERION, "examples": examples}
        return str(self.post("/datasets", body, expect=201)["id"])

    def simulated(self, dataset_id: str, **options: Any) -> dict[str, Any]:
        """A request for a run on the simulated model."""
        return {
            "dataset_id": dataset_id,
            "strategy": "bootstrap_fewshot",
            "model": "openai/simulated",
            "api_base": self.standin.api_base,
            "budget": {"max_calls": 400},
        } | options

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, expect: int = 200) -> dict[str, Any]:
        response = self.api.post(f"/api{path}", json=body)
        assert response.status_code == expect, response.text
        found: dict[str, Any] = response.json()
        return found

    def get(self, path: str) -> dict[str, Any]:
        response = self.api.get(f"/api{path}")
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def start(self, **body: Any) -> str:
        return str(self.post("/runs", body, expect=202)["id"])

    def until(
        self, run_id: str, *statuses: str, enough: Callable[[dict[str, Any]], bool] | None = None
    ) -> dict[str, Any]:
        """The run once it has one of the statuses (by default: once nothing more happens)."""
        deadline = time.monotonic() + LIVENESS_S
        while True:
            run = self.get(f"/runs/{run_id}")
            if enough(run) if enough else run["status"] in (statuses or AT_REST):
                return run
            assert time.monotonic() < deadline, run
            time.sleep(0.05)

    def until_asked(self, calls: int) -> None:
        """Until the simulated model has received so many calls."""
        deadline = time.monotonic() + LIVENESS_S
        while self.standin.received < calls:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait()


@contextmanager
def deployed(
    home: Path, database_url: str | None = None, *, max_in_flight: int = 8, shard_rows: int = 500
) -> Iterator[Deployment]:
    """A service in a folder of its own."""
    with ExitStack() as opened:
        standin = opened.enter_context(StandIn(KnownBetterPrompt(ROWS)))
        settings = Settings(
            home=home,
            database_url=database_url,
            api_bases=(standin.api_base,),
            max_in_flight=max_in_flight,
            shard_rows=shard_rows,
        )
        url = opened.enter_context(serve(create_app(settings)))
        api = opened.enter_context(httpx.Client(base_url=url, timeout=60))
        deployment = Deployment(settings=settings, api=api, standin=standin)
        opened.callback(deployment.close)
        yield deployment


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with one worker, for all tests of a module: a worker takes seconds to load."""
    with deployed(tmp_path_factory.mktemp("service")) as deployment:
        deployment.start_worker()
        yield deployment


@pytest.fixture
def calm(service: Deployment) -> Iterator[Deployment]:
    """The service with a simulated model that works, and has forgotten what it was asked."""
    service.standin.faults.clear()
    service.standin.faults.latency_ms = 0.0
    service.standin.faults.accepted_key = None
    service.standin.forget()
    yield service
    service.standin.faults.clear()

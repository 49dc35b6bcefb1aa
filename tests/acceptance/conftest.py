"""A service over sockets whose worker waits for nothing long, and a simulated provider for each test."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from experiments.standin import KnownBetterPrompt, StandIn
from service.app import create_app
from service.settings import Settings
from tests.service.conftest import serve
from tests.service.runs.conftest import ROWS, Deployment

WORKER = Path(__file__).parent / "impatient_worker.py"
PROVIDERS = 24
IN_FLIGHT = 8


@dataclass
class Site(Deployment):
    """A deployment with several providers. The ledger tells answers apart by address, so that no
    test finds what another one paid for."""

    providers: list[StandIn] = field(default_factory=list)
    mlflow: socket.socket = field(default_factory=socket.socket)
    """Holds MLflow's port, where nobody listens until a test starts a server."""
    mlflow_port: int = 0

    def __post_init__(self) -> None:
        self.mlflow.bind(("127.0.0.1", 0))
        self.mlflow_port = self.mlflow.getsockname()[1]

    @property
    def contacts(self) -> set[str]:
        """Whom the workers connected to or looked up, as Python's audit events name them."""
        return set((self.settings.home / "contacts").read_text().splitlines())

    def start_worker(self, *, stderr: IO[bytes] | None = None, **variables: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "CONCORD_HOME": str(self.settings.home),
            "CONCORD_DATABASE_URL": self.settings.database,
            "CONCORD_MLFLOW_URI": f"http://127.0.0.1:{self.mlflow_port}",
            "CONCORD_MAX_IN_FLIGHT": str(IN_FLIGHT),
            "OPENAI_API_KEY": "sk-of-a-test",
            **variables,
        }
        command = [sys.executable, "-P", str(WORKER), str(self.settings.home / "contacts")]
        worker = subprocess.Popen(command, env=environment, cwd="/", stderr=stderr)
        self.workers.append(worker)
        return worker

    def run(self, provider: StandIn, **options: Any) -> dict[str, Any]:
        """A run on `provider`'s model, when it is at rest."""
        body = self.simulated(self.upload(), api_base=provider.api_base, seed=11) | options
        return self.until(self.start(**body))

    def resumed(self, run: dict[str, Any]) -> dict[str, Any]:
        """The same run, resumed and at rest again."""
        self.post(f"/runs/{run['id']}/resume")
        return self.until(run["id"])


@contextmanager
def site(home: Path, database_url: str | None = None, *, providers: int = PROVIDERS) -> Iterator[Site]:
    """A service in `home`, without a worker."""
    with ExitStack() as opened:
        asked = [opened.enter_context(StandIn(KnownBetterPrompt(ROWS))) for _ in range(providers)]
        settings = Settings(
            home=home,
            database_url=database_url,
            api_bases=tuple(provider.api_base for provider in asked),
            max_in_flight=IN_FLIGHT,
        )
        url = opened.enter_context(serve(create_app(settings)))
        api = opened.enter_context(httpx.Client(base_url=url, timeout=60))
        found = Site(settings=settings, api=api, standin=asked[0], providers=asked)
        opened.enter_context(found.mlflow)
        opened.callback(found.close)
        yield found


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("service")) as found:
        found.start_worker()
        yield found


@pytest.fixture
def provider(service: Site) -> StandIn:
    """One that was never asked before."""
    return service.providers.pop()


@dataclass(frozen=True)
class Undisturbed:
    """The run that every disturbed one must come to equal, and what its provider counted."""

    run: dict[str, Any]
    report: dict[str, Any]
    calls: int
    paid_twice: int


@pytest.fixture(scope="session")
def undisturbed(service: Site) -> Undisturbed:
    provider = service.providers.pop()
    run = service.run(provider)
    assert run["status"] == "succeeded", run
    report = service.get(f"/runs/{run['id']}/report")
    return Undisturbed(run=run, report=report, calls=len(provider.calls), paid_twice=provider.paid_twice)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API process judges by request with a key of its own environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")

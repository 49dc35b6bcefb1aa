"""`concord up`: API, worker and MLflow as one process tree on this machine."""

import contextlib
import fcntl
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from optimizers.errors import InvalidInput
from service.settings import Settings
from service.supervisor import Part

MLFLOW_HOST = "127.0.0.1"
"""MLflow has no keys of its own, so here it listens to this machine alone."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the parts listen. `mlflow_port` is `None` when an MLflow server elsewhere is used."""

    host: str
    port: int
    mlflow_port: int | None
    mlflow_url: str

    @property
    def api_url(self) -> str:
        """The API's address for a client on this machine."""
        return f"http://{reachable(self.host)}:{self.port}"


def reachable(host: str) -> str:
    """The host part of a URL by which this machine reaches a listener on `host`."""
    if host in {"0.0.0.0", ""}:  # noqa: S104  # compared, not listened on
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def own_command(*arguments: str) -> tuple[str, ...]:
    """The command line that runs `concord` with `arguments` in a process of its own.

    `-P` keeps the working directory off the import path: a user's own folder `service` there must
    not shadow ours.
    """
    return (sys.executable, "-P", "-c", "from service.cli import main; main()", *arguments)


def choose_addresses(settings: Settings) -> Addresses:
    """The addresses to listen on; port 0 becomes a free one.

    Raises:
        InvalidInput: a port is in use, two parts would share one, or the API would be open to other
            machines without keys.
    """
    settings.require_safe_exposure()
    port = claim_port(settings.host, settings.port, "CONCORD_PORT", "the API")
    if settings.mlflow_uri:
        return Addresses(host=settings.host, port=port, mlflow_port=None, mlflow_url=settings.mlflow_uri)
    if settings.mlflow_port == port:
        raise InvalidInput(f"CONCORD_PORT and CONCORD_MLFLOW_PORT are both {port}; they must differ")
    mlflow_port = claim_port(MLFLOW_HOST, settings.mlflow_port, "CONCORD_MLFLOW_PORT", "MLflow")
    url = f"http://{MLFLOW_HOST}:{mlflow_port}"
    return Addresses(host=settings.host, port=port, mlflow_port=mlflow_port, mlflow_url=url)


def claim_port(host: str, port: int, variable: str, what: str) -> int:
    """A port that can be listened on now.

    Raises: InvalidInput, naming the variable to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise InvalidInput(
                f"{what} cannot listen on {host}:{port} ({reason}); stop what uses it, "
                f"or choose another port with {variable}"
            ) from error
        chosen: int = probe.getsockname()[1]
        return chosen


@contextlib.contextmanager
def sole_tenant(home: Path) -> Iterator[None]:
    """Hold `home` for this process tree.

    Raises:
        InvalidInput: the folder cannot be written to, or another `concord up` works in it.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "up.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise InvalidInput(f"CONCORD_HOME={home} cannot be written to: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise InvalidInput(f"concord up already runs on {home} (process {holder})") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def plan(settings: Settings, addresses: Addresses) -> tuple[Part, ...]:
    """The processes of `concord up`."""
    environment = {
        "CONCORD_HOME": str(settings.home.absolute()),
        "CONCORD_HOST": addresses.host,
        "CONCORD_PORT": str(addresses.port),
        "CONCORD_MLFLOW_URI": addresses.mlflow_url,
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }
    api = Part(
        name="api",
        command=own_command("api"),
        environment=environment,
        ready=_answers(f"{addresses.api_url}/api/health"),
    )
    worker = Part(name="worker", command=own_command("worker"), environment=environment)
    return (*_mlflow(addresses, environment), api, worker)


def _mlflow(addresses: Addresses, environment: Mapping[str, str]) -> tuple[Part, ...]:
    if addresses.mlflow_port is None:
        return ()
    command = own_command("mlflow", "--host", MLFLOW_HOST, "--port", str(addresses.mlflow_port))
    # Asking for an experiment, rather than for its health, makes MLflow create its tables now.
    probe = f"{addresses.mlflow_url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    return (
        Part(
            name="mlflow",
            command=command,
            environment=environment,
            ready=_answers(probe),
            stops_last=True,
        ),
    )


def _answers(url: str) -> Callable[[], bool]:
    return partial(answers, url)


def answers(url: str, timeout_s: float = 5.0) -> bool:
    """Whether `url` answers a GET with a status below 400."""
    # No proxy from the environment: these are addresses of our own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as response:
            status: int = response.status
            return status < 400
    except (OSError, urllib.error.URLError, ValueError):
        return False

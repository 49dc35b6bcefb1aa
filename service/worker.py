"""The worker process: runs, evaluations, and keeping MLflow up with them."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from optimizers.checks import CheckRunner
from optimizers.lm.gateway import Gateway, GatewaySettings
from optimizers.lm.loop import BackgroundLoop
from service.composition import open_service_gateway, quiet_environment
from service.criteria import runs as assertion_runs
from service.criteria.work import AssertionRunWork
from service.db import FROZEN_S, end_idle_transactions, open_engine
from service.evaluations import actions as evaluations
from service.evaluations import shards
from service.evaluations.judge import Bench
from service.evaluations.work import EvaluationWork, ShardWork
from service.jobs import engine as jobs
from service.jobs.performer import Handler
from service.jobs.worker import Worker
from service.metrics.counters import Flusher
from service.removals.worker import Removals, RemoveDataset
from service.runs import actions as runs
from service.runs.tracking import Project, Tracking
from service.runs.work import RunWork
from service.schema import migrate
from service.settings import Settings
from service.traces import tracing
from service.up import MLFLOW_HOST, reachable

if TYPE_CHECKING:
    from experiments.tracking.projection import Projector

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DATABASE_AGAIN_S = 1.0


def work(settings: Settings, calls: GatewaySettings | None = None) -> None:
    """Take jobs and do them until SIGTERM or SIGINT; then give back what is under way, and return.

    `calls` says how models are asked, where not as usual.
    """
    quiet_environment()
    logging.getLogger("httpx").setLevel("WARNING")  # it would tell of each question whether MLflow lives
    stop = threading.Event()
    with ExitStack() as opened:
        opened.enter_context(_signals_set(stop))
        engine = open_engine(settings.database)
        opened.callback(engine.dispose)
        end_idle_transactions(engine, FROZEN_S)
        if not _prepare(engine, settings, stop):
            return
        gateway, loop = opened.enter_context(open_service_gateway(settings, calls))
        checks = CheckRunner(workers=settings.worker_concurrency)
        opened.callback(checks.close)
        worker = Worker(
            engine,
            settings.database,
            _handlers(engine, gateway, loop, checks, settings),
            concurrency=settings.worker_concurrency,
            global_concurrency=settings.global_concurrency,
            lease_s=settings.lease_s,
            life_signs=settings.home / "workers",
        )
        flusher = Flusher(engine)
        flusher.start()
        opened.callback(flusher.stop)
        opened.enter_context(tracing("worker"))
        worker.start()
        opened.callback(worker.stop)
        tracking = _tracking(engine, worker.id, settings)
        tracking.start()
        opened.callback(tracking.stop)
        removals = Removals(engine, settings, _remove_dataset(settings))
        removals.start()
        opened.callback(removals.stop)
        stop.wait()
        log.info("worker_stopping", worker_id=worker.id)


@contextmanager
def _signals_set(stop: threading.Event) -> Iterator[None]:
    """Until the block ends, the signals that end a process set `stop` instead."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prepare(engine: Engine, settings: Settings, stop: threading.Event) -> bool:
    """Bring the database to this code's schema, waiting until it is there; false where told to stop."""
    while not stop.is_set():
        try:
            migrate(engine)
            jobs.migrate(settings.database)
        except OperationalError as error:
            log.warning("database_away", error_type=type(error).__name__, again_after_s=DATABASE_AGAIN_S)
            stop.wait(DATABASE_AGAIN_S)
        else:
            return True
    return False


def _handlers(
    engine: Engine, gateway: Gateway, loop: BackgroundLoop, checks: CheckRunner, settings: Settings
) -> dict[str, Handler]:
    in_flight = settings.max_in_flight
    bench = Bench(gateway=gateway, loop=loop, max_in_flight=in_flight)
    return {
        runs.KIND: RunWork(gateway, loop, max_in_flight=in_flight),
        evaluations.KIND: EvaluationWork(bench, jobs.Sender(engine), shard_rows=settings.shard_rows),
        shards.KIND: ShardWork(bench),
        assertion_runs.KIND: AssertionRunWork(gateway, loop, checks, max_in_flight=in_flight),
    }


def _tracking(engine: Engine, holder: str, settings: Settings) -> Tracking:
    api = f"http://{reachable(settings.host)}:{settings.port}/api"
    return Tracking(
        engine,
        _projection(settings),
        holder=holder,
        source_url=lambda dataset_id: f"{api}/datasets/{dataset_id}/export?format=jsonl",
    )


def _mlflow_uri(settings: Settings) -> str:
    return settings.mlflow_uri or f"http://{MLFLOW_HOST}:{settings.mlflow_port}"


def _remove_dataset(settings: Settings) -> RemoveDataset:
    def remove(dataset_id: str) -> int:
        from experiments.tracking.removal import remove_dataset  # noqa: PLC0415  # loads MLflow, as below

        return remove_dataset(_mlflow_uri(settings), dataset_id)

    return remove


def _projection(settings: Settings) -> Project:
    uri = _mlflow_uri(settings)

    @cache
    def projector() -> "Projector":
        # MLflow takes seconds to import: in the tracking's own thread, and jobs need not wait for it.
        from experiments.tracking.projection import Projector  # noqa: PLC0415

        return Projector(
            uri, artifact_root=settings.home / "mlflow" / "artifacts", ui_url=settings.mlflow_public_url
        )

    return lambda record: projector().project(record)

"""What Prometheus is told: the state of the jobs, and what all processes have counted."""

import json
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from service.clock import now
from service.db import transaction
from service.jobs.database_clock import database_now
from service.jobs.states import Status
from service.jobs.tables import JobRow, LeaseRow
from service.metrics.tables import CounterRow

log = structlog.get_logger(__name__)

COUNTED = {
    "concord_model_calls": "Attempts to ask a model, by outcome.",
    "concord_model_tokens": "Tokens of answered attempts.",
    "concord_model_cost_dollars": "Dollars of answered attempts, where the price is known.",
    "concord_model_retries": "Attempts after a failed one of the same question.",
    "concord_model_rate_limited": "Attempts that a provider refused with 429.",
    "concord_ledger_hits": "Answers that the ledger had.",
}
KINDS = ("assertion_run", "evaluation", "run", "shard")


class Requests:
    """How long the API's requests took, by route: of this process alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "concord_http_request_duration_seconds",
            "Time from a request to the end of its response.",
            ["method", "route", "status"],
            registry=self.registry,
        )

    def took(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request has ended."""
        self._seconds.labels(method, route, str(status)).observe(seconds)


def exposition(engine: Engine, requests: Requests) -> bytes:
    """All metrics in Prometheus' text format. Without a database, `concord_database_up` is 0 and what
    stands in it is missing."""
    registry = CollectorRegistry()
    registry.register(_Shared(engine))
    return generate_latest(registry) + generate_latest(requests.registry)


class _Shared:
    """What the database knows of all processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would already ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each family with its series."""
        up = GaugeMetricFamily("concord_database_up", "Whether the database answers.")
        try:
            with transaction(self._engine, read_only=True) as session:
                found = [*_jobs(session), _workers(session), *_counted(session)]
        except SQLAlchemyError as error:
            log.warning("metrics_without_database", error_type=type(error).__name__)
            found = []
        up.add_metric([], 1 if found else 0)
        yield from (up, *found)


def _jobs(session: Session) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "concord_jobs", "Runs, evaluations and their shards by status.", labels=["kind", "status"]
    )
    counts = dict.fromkeys(((kind, status.value) for kind in KINDS for status in Status), 0)
    rows = session.execute(
        select(col(JobRow.kind), col(JobRow.status), func.count()).group_by(
            col(JobRow.kind), col(JobRow.status)
        )
    )
    counts.update({(row[0], row[1]): row[2] for row in rows})
    for (kind, status), count in counts.items():
        jobs.add_metric([kind, status], count)
    yield jobs
    age = GaugeMetricFamily(
        "concord_oldest_queued_seconds", "How long the oldest queued job waits.", labels=["kind"]
    )
    queued = select(col(JobRow.kind), func.min(col(JobRow.updated_at)))
    waiting = session.execute(queued.where(col(JobRow.status) == Status.QUEUED).group_by(col(JobRow.kind)))
    since = {row[0]: row[1] for row in waiting}
    for kind in sorted({*KINDS, *since}):
        seconds = (now() - since[kind]).total_seconds() if kind in since else 0.0
        age.add_metric([kind], max(0.0, seconds))
    yield age


def _workers(session: Session) -> Metric:
    alive = select(func.count()).select_from(LeaseRow).where(col(LeaseRow.expires_at) > database_now())
    return GaugeMetricFamily(
        "concord_workers_alive", "Workers with a good lease.", session.scalar(alive) or 0
    )


def _counted(session: Session) -> Iterator[Metric]:
    rows = session.scalars(select(CounterRow).order_by(col(CounterRow.name), col(CounterRow.labels))).all()
    for name, text in COUNTED.items():
        mine = [(json.loads(row.labels), row.value) for row in rows if row.name == name]
        labels = sorted({label for found, _ in mine for label in found}) or ["model"]
        family = CounterMetricFamily(name, text, labels=labels)
        for found, value in mine:
            family.add_metric([found.get(label, "") for label in labels], value)
        yield family

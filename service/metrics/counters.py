"""What this process counts, and how it comes into the database, where all processes' counts are summed.

A process adds what it has counted since the last time, so that a series is one row however many workers
there were. What a killed process counted in its last seconds is lost; nothing is counted twice.
"""

import json
import threading
from collections.abc import Mapping

import structlog
from sqlalchemy import Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from optimizers.types import ModelAnswer
from service.db import transaction
from service.metrics.tables import CounterRow

log = structlog.get_logger(__name__)

FLUSH_S = 3.0
ROWS: Table = CounterRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables

Series = tuple[str, str]
"""A counter's name and its labels as JSON with sorted names."""


class Counters:
    """Sums by series since the last `drain`. Any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[Series, float] = {}

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Raise a series by `value`."""
        self._add({(name, json.dumps(labels, sort_keys=True)): value})

    def drain(self) -> dict[Series, float]:
        """The sums, which are now somebody else's to store."""
        with self._lock:
            sums, self._sums = self._sums, {}
        return sums

    def give_back(self, sums: Mapping[Series, float]) -> None:
        """They could not be stored: they count on here."""
        self._add(sums)

    def _add(self, sums: Mapping[Series, float]) -> None:
        with self._lock:
            for series, value in sums.items():
                self._sums[series] = self._sums.get(series, 0.0) + value


class CountedCalls:
    """The core's `CallCounter`: its calls as series."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def attempted(self, model: str, outcome: str, *, again: bool, answer: ModelAnswer | None) -> None:
        """An attempt to ask a model has ended."""
        add = self._counters.add
        add("concord_model_calls", model=model, outcome=outcome)
        if again:
            add("concord_model_retries", model=model)
        if outcome == "rate_limited":
            add("concord_model_rate_limited", model=model)
        if answer is not None:
            add("concord_model_tokens", answer.prompt_tokens, model=model, kind="prompt")
            add("concord_model_tokens", answer.completion_tokens, model=model, kind="completion")
            add("concord_model_cost_dollars", answer.cost_usd or 0.0, model=model)

    def found(self, model: str) -> None:
        """The ledger had the answer."""
        self._counters.add("concord_ledger_hits", model=model)


PROCESS = Counters()
"""Of this process: there is one gateway in it, and one thread that stores."""
CALLS = CountedCalls(PROCESS)


class Flusher:
    """A thread that stores a process's counts every few seconds."""

    def __init__(self, engine: Engine, counters: Counters = PROCESS) -> None:
        self._engine = engine
        self._counters = counters
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_storing, name="counters", daemon=True)

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def stop(self) -> None:
        """Store what is left, and end."""
        self._stopping.set()
        self._thread.join()

    def flush(self) -> None:
        """Store what was counted since the last time; where that fails it is tried again later."""
        sums = self._counters.drain()
        if not sums:
            return
        try:
            store(self._engine, sums)
        except SQLAlchemyError as error:
            self._counters.give_back(sums)
            log.warning("counters_not_stored", error_type=type(error).__name__)

    def _keep_storing(self) -> None:
        while not self._stopping.wait(FLUSH_S):
            self.flush()
        self.flush()


def store(engine: Engine, sums: Mapping[Series, float]) -> None:
    """Add `sums` to the stored ones, in one statement and in one order: two processes never deadlock."""
    rows = [
        {"name": name, "labels": labels, "value": value} for (name, labels), value in sorted(sums.items())
    ]
    make = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    statement = make(ROWS).values(rows)
    added = {"value": ROWS.c.value + statement.excluded.value}
    with transaction(engine) as session:
        session.execute(statement.on_conflict_do_update(index_elements=["name", "labels"], set_=added))

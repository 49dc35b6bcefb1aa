"""A worker's thread that removes what was ordered, and lets old answers of the ledger go."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from experiments.tracking.errors import TrackingRejected, TrackingUnavailable
from optimizers.errors import StorageFailed
from optimizers.lm.uses import UseBook
from service.composition import open_ledger
from service.db import transaction
from service.jobs.states import ENDED
from service.jobs.tables import JobRow
from service.removals import orders
from service.removals.tables import RemovalRow
from service.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S = 1.0
AWAY_S = 10.0
REFUSED_S = 3_600.0
RETENTION_EVERY_S = 3_600.0
DAY_S = 86_400.0

RemoveDataset = Callable[[str], int]
"""MLflow's side: removes a dataset's runs, and says how many."""


class Removals:
    """Does what was ordered, one at a time; several workers may at the same moment."""

    def __init__(self, engine: Engine, settings: Settings, remove_dataset: RemoveDataset) -> None:
        self._engine = engine
        self._settings = settings
        self._remove_dataset = remove_dataset
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_removing, name="removals", daemon=True)
        self._until_retention_s = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop after the one at hand, or leave it: it is done again."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _keep_removing(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                while not self._stopping.is_set() and self.remove_one():
                    pass
                self._retain()
            except (SQLAlchemyError, StorageFailed) as error:
                log.warning("removals_put_off", error_type=type(error).__name__)

    def remove_one(self) -> bool:
        """Do one removal; whether there was one to do."""
        with transaction(self._engine, read_only=True) as session:
            if session.scalars(select(col(RemovalRow.number)).limit(1)).one_or_none() is None:
                return False
        with transaction(self._engine) as session:
            row = orders.take(session)
        if row is None:
            return False
        trouble, wait_s = self._remove(row)
        with transaction(self._engine) as session:
            if trouble is None:
                orders.done(session, row.number)
            else:
                orders.put_off(session, row.number, trouble, for_s=wait_s)
        return True

    def _remove(self, row: RemovalRow) -> tuple[str | None, float]:
        """What stood in the way, if anything, and how long to wait before the next try, in seconds."""
        try:
            if row.kind == orders.LEDGER:
                gone = self._in_ledger(lambda uses: uses.forget(row.subject))
            else:
                gone = self._remove_dataset(row.subject)
        except (TrackingUnavailable, StorageFailed) as error:
            return str(error), AWAY_S
        except TrackingRejected as error:
            log.warning("removal_rejected", kind=row.kind, subject=row.subject, reason=str(error))
            return str(error), REFUSED_S
        except SQLAlchemyError:
            raise
        except Exception as error:  # one removal's failure becomes its trouble; others go on
            log.exception("removal_failed", kind=row.kind, subject=row.subject)
            return f"{type(error).__name__}: {error}", REFUSED_S
        log.info("removed", kind=row.kind, subject=row.subject, count=gone)
        return None, 0.0

    # --- retention ----------------------------------------------------------------------------------

    def _retain(self) -> None:
        self._until_retention_s -= LOOK_S
        if self._settings.ledger_retention_days is not None and self._until_retention_s <= 0:
            self._until_retention_s = RETENTION_EVERY_S
            self.let_old_answers_go(self._settings.ledger_retention_days * DAY_S)

    def let_old_answers_go(self, unused_for_s: float) -> int:
        """Delete the ledger's answers that were not used for so long, but none of a job in progress."""
        with transaction(self._engine, read_only=True) as session:
            ended = [status.value for status in ENDED]
            going = list(session.scalars(select(col(JobRow.id)).where(col(JobRow.status).not_in(ended))))
        gone = self._in_ledger(lambda uses: uses.expire(unused_for_s, but_of=going))
        log.info("ledger_retention", answers_removed=gone)
        return gone

    def _in_ledger(self, act: Callable[[UseBook], Coroutine[Any, Any, int]]) -> int:
        with closing(open_ledger(self._settings)) as ledger:
            return asyncio.run(_awaited(act(ledger.uses)))


async def _awaited(result: Coroutine[Any, Any, int]) -> int:
    return await result

"""A worker: one process that takes jobs, stays alive in everybody's eyes, and stops in order."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.jobs.attempts import Attempts, Order
from service.jobs.engine import Receiver, Sender
from service.jobs.housekeeping import Housekeeping
from service.jobs.leases import LeaseKeeper
from service.jobs.liveness import LifeSign
from service.jobs.patience import AWAY, Patience
from service.jobs.performer import Handler, Performer

log = structlog.get_logger(__name__)

LEAVE_S = 8.0
"""How long jobs get to end when the worker stops. Model calls are cut at once, so this is ample."""


class Worker:
    """Takes jobs of the kinds in `handlers`, at most `concurrency` of each kind at a time, while all
    workers together do at most `global_concurrency`.

    `lease_s` is the silence after which others take this worker for dead. `life_signs` is a folder
    for lock files that tells workers beside it so at once.
    """

    def __init__(
        self,
        engine: Engine,
        database_url: str,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int,
        global_concurrency: int | None = None,
        lease_s: float,
        life_signs: Path,
    ) -> None:
        self.id = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._patience = Patience()
        self._attempts = Attempts(engine, self._patience)
        self._keeper = LeaseKeeper(engine, self.id, lease_s)
        self._life_sign = LifeSign(life_signs, self.id)
        self._performer = Performer(
            engine, handlers, self._attempts, lambda: self._keeper.lease, self._patience
        )
        self._receiver = Receiver(database_url, self.id, tuple(handlers), concurrency, global_concurrency)
        self._housekeeping = Housekeeping(engine, Sender(engine), self._receiver, self._keeper, life_signs)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._stay_alive, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to take jobs: first those that a dead worker left. The tables must be there."""
        self._life_sign.show()
        self._keeper.acquire()
        self._attempts.start()
        self._receiver.start(self._performer.perform)
        self._thread.start()
        log.info("worker_started", worker_id=self.id)

    def stop(self) -> None:
        """Take no more jobs, and give those under way back to the queue at once."""
        self._performer.leave()
        self._stopping.set()
        self._thread.join()
        deadline = time.monotonic() + LEAVE_S
        while self._attempts.active() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._patience.end()
        self._attempts.stop()
        self._receiver.stop()
        try:
            self._keeper.release()
        except SQLAlchemyError as error:
            log.warning("lease_not_released", error_type=type(error).__name__)
        self._life_sign.withdraw()
        log.info("worker_stopped", worker_id=self.id, jobs_left=len(self._attempts.active()))

    def _stay_alive(self) -> None:
        while True:
            if self._keeper.is_overdue:
                self._attempts.give_all(Order.LOST)
            if self._has_renewed():
                self._sweep()
            if self._stopping.wait(self._keeper.interval_s):
                return

    def _has_renewed(self) -> bool:
        try:
            held = self._keeper.renew()
        except SQLAlchemyError as error:
            log.warning("lease_not_renewed", error_type=type(error).__name__)
            return False
        if not held:
            log.warning("lease_lost", worker_id=self.id)
            self._attempts.give_all(Order.LOST)
        return True

    def _sweep(self) -> None:
        try:
            self._housekeeping.sweep()
        except AWAY as error:
            log.warning("sweep_put_off", error_type=type(error).__name__)
        except Exception:  # the lease must be renewed whatever becomes of the housework
            log.exception("sweep_failed")

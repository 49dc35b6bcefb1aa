"""Chaos by seed: while runs are under way, workers are killed and frozen, and a database is restarted."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine, select
from sqlmodel import col

from optimizers.lm.session import questions_abreast
from service.composition import ledger_path
from service.db import open_engine, transaction
from service.jobs.states import Status
from service.jobs.tables import JobRow
from tests.acceptance.conftest import Site
from tests.own_postgres import OwnPostgres
from tests.service.runs.conftest import LIVENESS_S

KILLS = 8
WORKERS = 4
IN_FLIGHT = 4
"""Model calls that one run has open."""
LOST_AT_ONCE = questions_abreast(IN_FLIGHT)
"""Calls that a kill can cost it."""
LEASE_S = 4.0
TICK_S = 0.05
FROM, TO = 0.05, 0.7
"""The part of all calls in which something happens: enough is left to do for the last one."""
ENDINGS = {"job_ended", "ending_dropped"}
"""What a worker logs when an attempt has ended: that this was stored, or refused."""

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A stopped worker, the jobs that it had with their fences, and how many lines it had logged."""

    worker: Process
    fences: dict[str, int]
    logged: int


class Chaos:
    """Among workers of `site`, whose database `engine` reaches past them. `lost` counts for each job how
    often a worker was killed or frozen that was at it. `meanwhile` is done whenever something is waited
    for, but for a server."""

    def __init__(
        self,
        site: Site,
        engine: Engine,
        chance: random.Random,
        server: OwnPostgres | None,
        meanwhile: Callable[[], None],
    ) -> None:
        self.engine = engine
        self.lost: Counter[str] = Counter()
        self.kills = 0
        self.woken: Frozen | None = None
        self._site = site
        self._chance = chance
        self._server = server
        self._meanwhile = meanwhile
        self._frozen: Frozen | None = None
        self._logs: dict[int, Path] = {}

    def wreak(self, calls: int) -> None:
        """Everything, by chance, in the course of about so many `calls`."""
        moves = [self._kill] * KILLS + [self._freeze] + ([self._restart] if self._server else [])
        self._chance.shuffle(moves)
        moments = sorted(calls * self._chance.uniform(FROM, TO) for _ in moves)
        for moment, move in zip(moments, moves, strict=True):
            self.until(lambda moment=moment: self.received >= moment)  # type: ignore[misc]
            move()
        self.until(lambda: self._frozen is None)

    def until(self, enough: Callable[[], object]) -> None:
        deadline = time.monotonic() + LIVENESS_S
        while not enough():
            assert time.monotonic() < deadline, self.told()
            self._wake_if_replaced()
            self._meanwhile()
            time.sleep(TICK_S)

    @property
    def received(self) -> int:
        """How many calls have arrived at all providers."""
        return sum(provider.received for provider in self._site.providers)

    @property
    def alive(self) -> Sequence[Process]:
        """The workers that were not killed."""
        return [worker for worker in self._site.workers if worker.poll() is None]

    def told(self) -> str:
        """The end of what each worker that lives has logged."""
        return "".join(line for worker in self.alive for line in self.lines_of(worker)[-20:])

    def lines_of(self, worker: Process) -> list[str]:
        """What it has logged, but for a line that it is just writing."""
        lines = self._logs[worker.pid].read_text(errors="replace").splitlines(keepends=True)
        return [line for line in lines if line.endswith("\n")]

    def first_words(self) -> dict[str, str | None]:
        """What the worker that slept logged first, on each job that it had, of how that ended for it."""
        assert self.woken is not None
        lines = map(json.loads, self.lines_of(self.woken.worker)[self.woken.logged :])
        endings = [line for line in lines if line["event"] in ENDINGS]
        said = {line.get("job_id"): line["event"] for line in reversed(endings)}
        return {job_id: said.get(job_id) for job_id in self.woken.fences}

    def start_worker(self) -> None:
        """Those of PostgreSQL are as if on hosts of their own: they learn of a death by its lease alone."""
        number = len(self._site.workers)
        home = self._site.settings.home
        own = {"CONCORD_HOME": str(home / f"host-{number}")} if self._server else {}
        path = home / f"worker-{number}.log"
        with path.open("wb") as log:
            worker = self._site.start_worker(
                stderr=log,
                CONCORD_LEASE_S=str(LEASE_S),
                CONCORD_MAX_IN_FLIGHT=str(IN_FLIGHT),
                CONCORD_LOG_JSON="1",
                **own,
            )
        self._logs[worker.pid] = path

    # --- what happens ---------------------------------------------------------------------------------

    def _kill(self) -> None:
        """It is stopped for a moment before, so that what it was at is known."""
        victim = self._stopped_at_work()
        self.lost.update(self._jobs_of(victim).keys())
        victim.kill()
        victim.wait()
        self.kills += 1
        self.start_worker()

    def _freeze(self) -> None:
        worker = self._stopped_at_work()
        while not self._is_free():  # nobody could go on, and nothing be seen, while it sleeps on the lock
            worker.send_signal(signal.SIGCONT)
            time.sleep(TICK_S)
            worker = self._stopped_at_work()
        logged = len(self.lines_of(worker))
        self._frozen = Frozen(worker=worker, fences=self._jobs_of(worker), logged=logged)
        self.lost.update(self._frozen.fences.keys())

    def _wake_if_replaced(self) -> None:
        frozen = self._frozen
        if frozen is None or not self._is_replaced(frozen):
            return
        frozen.worker.send_signal(signal.SIGCONT)
        self._frozen, self.woken = None, frozen

    def _is_replaced(self, frozen: Frozen) -> bool:
        """Whether all its jobs were taken from it, and another worker was at one since."""
        with transaction(self.engine, read_only=True) as session:
            jobs = session.scalars(select(JobRow).where(col(JobRow.id).in_(frozen.fences))).all()
        handed_on = [job.fence - frozen.fences[job.id] for job in jobs]
        return min(handed_on) >= 1 and max(handed_on) >= 2

    def _restart(self) -> None:
        assert self._server is not None
        self.engine.dispose()
        self._server.stop(self._chance.choice(["fast", "immediate"]))
        time.sleep(self._chance.uniform(0.0, 2.0))
        self._server.start()
        deadline = time.monotonic() + LIVENESS_S
        while not self._is_ready():
            assert time.monotonic() < deadline
            time.sleep(TICK_S)

    def _is_ready(self) -> bool:
        try:
            return self._site.api.get("/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    # --- whom it meets --------------------------------------------------------------------------------

    def _stopped_at_work(self) -> Process:
        """One of the workers that are at a job, by chance, stopped."""
        found: list[Process] = []

        def somebody_works() -> bool:
            found[:] = [worker for worker in self._victims if self._jobs_of(worker)]
            return bool(found)

        while True:
            self.until(somebody_works)
            worker = self._chance.choice(found)
            _stop(worker)
            if self._jobs_of(worker):
                return worker
            worker.send_signal(signal.SIGCONT)

    @property
    def _victims(self) -> Sequence[Process]:
        """Everybody but the one that sleeps, or has woken and not yet said what became of its jobs."""
        if self._frozen is not None:
            return [worker for worker in self.alive if worker is not self._frozen.worker]
        if self.woken is not None and None in self.first_words().values():
            return [worker for worker in self.alive if worker is not self.woken.worker]
        return self.alive

    def _jobs_of(self, worker: Process) -> dict[str, int]:
        """What it is at, with the fences."""
        with transaction(self.engine, read_only=True) as session:
            running = session.scalars(select(JobRow).where(col(JobRow.status) == Status.RUNNING)).all()
        return {job.id: job.fence for job in running if process_of(job.worker_id) == worker.pid}

    def _is_free(self) -> bool:
        """Whether nobody holds the one lock that all writers of a SQLite file wait for."""
        if self._server is not None:
            return True
        home = self._site.settings.home
        return all(_can_write(path) for path in (home / "concord.db", ledger_path(home)))


def _stop(worker: Process) -> None:
    worker.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def process_of(worker_id: str | None) -> int | None:
    """A worker's id ends with its process and some random letters."""
    return None if worker_id is None else int(worker_id.rsplit("-", 2)[1])


def _can_write(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        return True


@contextmanager
def chaos(
    site: Site, chance: random.Random, server: OwnPostgres | None, meanwhile: Callable[[], None]
) -> Iterator[Chaos]:
    """Chaos among new workers of `site`."""
    engine = open_engine(site.settings.database)
    try:
        found = Chaos(site, engine, chance, server, meanwhile)
        for _ in range(WORKERS):
            found.start_worker()
        yield found
    finally:
        engine.dispose()

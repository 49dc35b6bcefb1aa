"""Workers as processes of their own, with a handler that counts instead of optimizing."""

import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from service.datasets.tables import DatasetRow
from service.db import transaction
from service.jobs import dispatch, store
from service.jobs import engine as jobs
from service.jobs.engine import Sender
from service.jobs.tables import JobRow

COUNTING_WORKER = Path(__file__).parent / "counting_worker.py"
LIVENESS_S = 240.0
"""Far more than anything here takes, on a machine that is busy with other things."""


Found = TypeVar("Found")


@dataclass
class Shop:
    """A database with its jobs, and workers beside it."""

    engine: Engine
    url: str
    home: Path
    sender: Sender
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def submit(self, steps: int, **options: Any) -> str:
        """A job of so many steps of 20 ms."""
        job_id = f"{steps}-{secrets.token_hex(4)}"
        with transaction(self.engine) as session:
            dispatch.submit(session, self.sender, job_id=job_id, kind="count", dataset_id="d", **options)
        return job_id

    def order(self, job_id: str, give: Callable[[Session, JobRow], None]) -> None:
        with transaction(self.engine) as session:
            give(session, store.get(session, "count", job_id, lock=True))

    def job(self, job_id: str) -> JobRow:
        with transaction(self.engine, read_only=True) as session:
            return store.get(session, "count", job_id)

    def until(self, job_id: str, *statuses: str) -> JobRow:
        return self.until_true(lambda: self.job(job_id), lambda job: job.status in statuses)

    def until_counted(self, job_id: str, steps: int) -> None:
        self.until_true(lambda: self.steps(job_id), lambda counted: len(counted) >= steps)

    @staticmethod
    def until_true(look: Callable[[], Found], enough: Callable[[Found], bool]) -> Found:
        deadline = time.monotonic() + LIVENESS_S
        while not enough(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def steps(self, job_id: str) -> list[tuple[int, int]]:
        """The steps that were done, each with the process that did it."""
        log = self.home / job_id
        lines = log.read_text().splitlines() if log.exists() else []
        return [(int(step), int(pid)) for step, pid in (line.split() for line in lines)]

    def start_worker(
        self,
        lease_s: float = 2.0,
        home: Path | None = None,
        concurrency: int = 2,
        global_concurrency: int = 0,
    ) -> subprocess.Popen[bytes]:
        """A worker process. In a `home` of its own its neighbours cannot see its lock file."""
        command = [sys.executable, str(COUNTING_WORKER), self.url, str(self.home), str(home or self.home)]
        limits = [str(concurrency), str(global_concurrency)]
        worker = subprocess.Popen([*command, str(lease_s), *limits])
        self.workers.append(worker)
        return worker

    def start_worker_and_wait(self, *, home: Path, **options: Any) -> subprocess.Popen[bytes]:
        """A worker that takes jobs by the time that this returns."""
        worker = self.start_worker(home=home, **options)
        self.until_true((home / f"started-{worker.pid}").exists, bool)
        return worker

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait()


def open_shop(engine: Engine, url: str, home: Path) -> Shop:
    """A shop on a migrated database, with a dataset for its jobs to belong to."""
    jobs.migrate(url)
    with transaction(engine) as session:
        session.add(
            DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3)
        )
    return Shop(engine=engine, url=url, home=home, sender=Sender(engine))


@pytest.fixture
def shop(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on each kind of database."""
    shop = open_shop(engine, database_url, tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def sqlite_shop(sqlite_engine: Engine, sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on SQLite, where the kind of database does not matter."""
    shop = open_shop(sqlite_engine, sqlite_url, tmp_path)
    yield shop
    shop.close()

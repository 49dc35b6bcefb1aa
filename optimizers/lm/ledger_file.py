"""The SQLite file under the ledger: one connection in one thread, writes committed in groups.

Threads and coroutines hand in operations; all that are waiting share one transaction, so that an fsync
is paid once for many. Other processes open the same file; SQLite's write lock keeps them apart.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from optimizers.errors import StorageFailed
from optimizers.lm.groups import Groups, Job

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

BUSY_TIMEOUT_S = 15.0
"""How long a write waits for another process's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    operation: Operation[Any]
    write: bool


_Job = Job[_Work]


class LedgerFile:
    """An open ledger file. `schema` is run once, when it is opened.

    Raises:
        StorageFailed: the file cannot be opened or is not a ledger. So do all operations when the disk
            is full, the file is read-only or another process holds it for longer than 15 seconds.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(path, schema)
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(f"the ledger {path} cannot be opened: {error}") from error
        self._groups = Groups(self._do, finish=self._connection.close, name=f"the ledger {path}")

    async def read(self, operation: Operation[T]) -> T:
        """Run an operation that only reads."""
        return await self._submit(operation, write=False)

    def read_now(self, operation: Operation[T]) -> T:
        """Run an operation that only reads, in the caller's thread, which waits for it."""
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)
            try:
                return operation(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise self._named(error) from error

    async def write(self, operation: Operation[T]) -> T:
        """Run an operation in a transaction that other operations may share.

        It may run twice (when another operation in its group fails), so it must have no effect but on
        the file. It counts once this returns.
        """
        return await self._submit(operation, write=True)

    def close(self) -> None:
        """Finish what was handed in and close the file."""
        self._groups.close()

    async def _submit(self, operation: Operation[T], *, write: bool) -> T:
        result: T = await self._groups.submit(_Work(operation=operation, write=write))
        return result

    # --- in the file's thread -------------------------------------------------------------------------

    def _do(self, jobs: Sequence[_Job]) -> None:
        self._work([job for job in jobs if not job.operation.write])
        self._work_in_one_transaction([job for job in jobs if job.operation.write])

    def _work(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            try:
                job.result = job.operation.operation(self._connection)
            except Exception as error:  # it becomes that caller's exception
                job.error = self._named(error)

    def _work_in_one_transaction(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:  # it waited for them all: one by one, each would wait as long
            for job in jobs:
                job.error = self._named(error)
            return
        try:
            for job in jobs:
                job.result = job.operation.operation(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:  # it becomes the exception of those that it concerns
            self._roll_back()
            if len(jobs) == 1:
                jobs[0].error = self._named(error)
                return
            for job in jobs:
                self._work_in_one_transaction([job])

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the next BEGIN then says what is wrong; this thread must live
                self._connection.execute("ROLLBACK")

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.Error):
            return StorageFailed(f"the ledger {self.path} failed: {error}")
        return error


def _open(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a paid answer outlives a power failure
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection

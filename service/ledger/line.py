"""A thread with a connection: coroutines hand in operations, and all that wait share a transaction."""

from collections.abc import Sequence
from typing import Any, TypeVar

import psycopg

from optimizers.errors import StorageFailed
from optimizers.lm.groups import Groups, Job
from service.ledger.connection import Operation, PatientConnection, refusal

T = TypeVar("T")
_Job = Job[Operation[Any]]


class Line:
    """Operations on one connection, in groups. See `PatientConnection` for its options.

    Raises:
        StorageFailed: (every operation) the database is away for too long or refuses; the line is closed.
    """

    def __init__(self, url: str, *, patience_s: float, durable: bool = True) -> None:
        self._connection = PatientConnection(url, patience_s=patience_s, durable=durable)
        self._groups: Groups[Operation[Any]] = Groups(
            self._work, finish=self._connection.close, name="the ledger in the database"
        )

    async def do(self, operation: Operation[T]) -> T:
        """The operation's result once it is committed."""
        result: T = await self._groups.submit(operation)
        return result

    def close(self) -> None:
        """Finish what was handed in and close the connection; a server that is away is not waited for."""
        self._connection.give_up()
        self._groups.close()

    def _work(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            if job.operation.alone:
                self._together([job])
        self._together([job for job in jobs if not job.operation.alone])

    def _together(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            results = self._connection.run([job.operation for job in jobs])
        except StorageFailed as error:
            for job in jobs:
                job.error = error
        except Exception as error:  # it becomes the exception of those that it concerns
            self._one_by_one(jobs, error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.result = result

    def _one_by_one(self, jobs: Sequence[_Job], error: Exception) -> None:
        if len(jobs) > 1:
            for job in jobs:
                self._together([job])
        else:
            jobs[0].error = refusal(error) if isinstance(error, psycopg.Error) else error

"""Provider limits in the ledger's file: the processes of one machine share them."""

import sqlite3
from collections.abc import Callable
from typing import Protocol

from optimizers.lm import gcra
from optimizers.lm.gcra import Booked, Dues, LaneLimit
from optimizers.lm.ledger_file import LedgerFile

LANES_SCHEMA = """
CREATE TABLE IF NOT EXISTS lanes (
    lane TEXT PRIMARY KEY,
    requests_until REAL NOT NULL,
    tokens_until REAL NOT NULL,
    admitted_at REAL NOT NULL
) WITHOUT ROWID;
"""


class LaneBook(Protocol):
    """Where calls are booked; see `SqliteLanes`."""

    async def book(self, lane: str, limit: LaneLimit, tokens: int) -> float:
        """Book one call of `tokens` in `lane`; the seconds until it may leave.

        Raises:
            StorageFailed: the book cannot be read or written.
        """
        ...


class SqliteLanes:
    """A `LaneBook` in the ledger's file. `clock` gives POSIX seconds."""

    def __init__(self, file: LedgerFile, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock

    async def book(self, lane: str, limit: LaneLimit, tokens: int) -> float:
        """Book one call of `tokens` in `lane`; the seconds until it may leave."""
        dues = limit.dues(tokens)
        return await self._file.write(lambda connection: _book(connection, lane, dues, self._clock()))


def _book(connection: sqlite3.Connection, lane: str, dues: Dues, now: float) -> float:
    row = connection.execute(
        "SELECT requests_until, tokens_until, admitted_at FROM lanes WHERE lane = ?", (lane,)
    ).fetchone()
    known = Booked(requests_until=row[0], tokens_until=row[1], admitted_at=row[2]) if row else Booked()
    booked = gcra.book(known, dues, now)
    connection.execute(
        "INSERT OR REPLACE INTO lanes (lane, requests_until, tokens_until, admitted_at) VALUES (?, ?, ?, ?)",
        (lane, booked.requests_until, booked.tokens_until, booked.admitted_at),
    )
    return booked.admitted_at - now

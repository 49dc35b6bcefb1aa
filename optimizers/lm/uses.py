"""Who used which answer: so that answers can go when nobody is left who did, or when long unused."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from optimizers.errors import StorageFailed
from optimizers.lm.ledger_file import LedgerFile

USES_SCHEMA = """
CREATE TABLE IF NOT EXISTS uses (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    used_at REAL NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_key ON uses (key);
"""

NOTED_AFTER_S = 0.5
"""Uses are written in batches; a kill loses those of so short a time, and the resumed run notes them."""


class UseBook(Protocol):
    """Keeps the uses beside the answers."""

    async def note(self, account: str, keys: Sequence[str]) -> None:
        """`account` uses these answers now."""
        ...

    async def forget(self, account: str) -> int:
        """Delete the answers that this account alone used; how many."""
        ...

    async def expire(self, unused_for_s: float, *, but_of: Sequence[str]) -> int:
        """Delete the answers that nobody used for so long, except those that the accounts `but_of` ever
        used; how many."""
        ...


class UseNotes:
    """Gathers uses and hands them to the book. It belongs to one event loop."""

    def __init__(self, book: UseBook) -> None:
        self._book = book
        self._noted: dict[str, set[str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, account: str, key: str) -> None:
        """`account` uses this answer."""
        self._noted.setdefault(account, set()).add(key)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def flush(self) -> None:
        """Write what was noted. A ledger that fails now fails the calls as well, which report it."""
        noted, self._noted = self._noted, {}
        with suppress(StorageFailed):
            for account, keys in noted.items():
                await self._book.note(account, sorted(keys))

    async def _write_soon(self) -> None:
        while self._noted:
            await asyncio.sleep(NOTED_AFTER_S)
            await self.flush()


class SqliteUses:
    """A `UseBook` in the ledger's file. `clock` gives POSIX seconds."""

    def __init__(self, file: LedgerFile, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock

    async def note(self, account: str, keys: Sequence[str]) -> None:
        """`account` uses these answers now."""
        rows = [(account, key, self._clock()) for key in keys]
        await self._file.write(lambda connection: _note(connection, rows))

    async def forget(self, account: str) -> int:
        """Delete the answers that this account alone used; how many."""
        return await self._file.write(lambda connection: _forget(connection, account))

    async def expire(self, unused_for_s: float, *, but_of: Sequence[str]) -> int:
        """Delete what nobody used for so long, but not what `but_of` ever used; how many."""
        before = self._clock() - unused_for_s
        return await self._file.write(lambda connection: _expire(connection, before, but_of))


def _note(connection: sqlite3.Connection, rows: Sequence[tuple[str, str, float]]) -> None:
    connection.executemany(
        "INSERT INTO uses (account, key, used_at) VALUES (?, ?, ?) "
        "ON CONFLICT (account, key) DO UPDATE SET used_at = excluded.used_at",
        rows,
    )


def _forget(connection: sqlite3.Connection, account: str) -> int:
    gone = connection.execute(
        "DELETE FROM answers WHERE key IN (SELECT key FROM uses WHERE account = ?) "
        "AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.key = answers.key AND uses.account <> ?)",
        (account, account),
    )
    connection.execute("DELETE FROM uses WHERE account = ?", (account,))
    return gone.rowcount


def _expire(connection: sqlite3.Connection, before: float, but_of: Sequence[str]) -> int:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (account TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM kept")
    connection.executemany("INSERT OR IGNORE INTO kept VALUES (?)", [(account,) for account in but_of])
    connection.execute(
        "DELETE FROM uses WHERE used_at < ? AND account NOT IN (SELECT account FROM kept)", (before,)
    )
    gone = connection.execute(
        "DELETE FROM answers WHERE created_at < ? "
        "AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.key = answers.key)",
        (before,),
    )
    return gone.rowcount

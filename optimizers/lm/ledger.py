"""The ledger in a SQLite file of its own: paid answers, claims on questions, and what was really spent."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from optimizers.lm.answer_json import from_json, to_json
from optimizers.lm.lanes import LANES_SCHEMA, SqliteLanes
from optimizers.lm.ledger_file import LedgerFile
from optimizers.lm.spend import SPEND_SCHEMA, SpendAccounts
from optimizers.lm.uses import USES_SCHEMA, SqliteUses
from optimizers.protocols import Claim
from optimizers.types import ModelAnswer, ModelRequest

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    api_base TEXT,
    answer TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS claims (
    key TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
"""
    + SPEND_SCHEMA
    + LANES_SCHEMA
    + USES_SCHEMA
)

_KEYS_A_QUERY = 500


class SqliteLedger:
    """A `Ledger` that threads, coroutines and processes of one machine share.

    `clock` gives POSIX seconds; it dates answers and ends leases. No credential is ever stored:
    a request has none.

    Raises:
        StorageFailed: the file cannot be opened. So does every method when the disk is full, the file
            cannot be written or another process blocks it for too long.
    """

    def __init__(self, path: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = LedgerFile(Path(path), SCHEMA)
        self.spend = SpendAccounts(self._file)
        self.lanes = SqliteLanes(self._file, clock)
        self.uses = SqliteUses(self._file, clock)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._file.path

    def close(self) -> None:
        """Finish what was handed in and close the file."""
        self._file.close()

    async def lookup(self, keys: Sequence[str], *, max_age_s: float | None = None) -> dict[str, ModelAnswer]:
        """The committed answers among `keys`, not older than `max_age_s`; one trip for all."""
        oldest = self._oldest(max_age_s)
        return await self._file.read(lambda connection: _lookup(connection, keys, oldest))

    async def claim(
        self, request: ModelRequest, *, holder: str, lease_s: float, max_age_s: float | None = None
    ) -> Claim | ModelAnswer | None:
        """The committed answer; or a claim; or `None` while somebody else holds a live claim.

        An answer older than `max_age_s` does not count. A holder who claims again keeps its claim.
        """
        key, now = request.key, self._clock()
        wanted = Claim(key=key, holder=holder, expires_at=now + lease_s)
        oldest = self._oldest(max_age_s)
        return await self._file.write(lambda connection: _claim(connection, wanted, now, oldest))

    async def commit(
        self, request: ModelRequest, answer: ModelAnswer, *, max_age_s: float | None = None
    ) -> ModelAnswer:
        """Store `answer` unless one is there already; return the one that counts, and end all claims.

        A late answer, whose claim has run out, is kept too. An answer older than `max_age_s` gives
        way to the new one.
        """
        key, oldest = request.key, self._oldest(max_age_s)
        row = (key, request.model.name, request.model.api_base, to_json(answer), answer.created_at)
        return await self._file.write(lambda connection: _commit(connection, row, oldest))

    async def release(self, claim: Claim) -> None:
        """Give a claim back unanswered."""
        await self._file.write(lambda connection: _release(connection, claim))

    async def renew(self, keys: Sequence[str], *, holder: str, lease_s: float) -> None:
        """Extend those claims on `keys` that `holder` still has."""
        until = self._clock() + lease_s
        await self._file.write(lambda connection: _renew(connection, keys, holder, until))

    async def count(self) -> int:
        """How many answers are stored."""
        return await self._file.read(
            lambda connection: int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
        )

    def _oldest(self, max_age_s: float | None) -> float:
        return float("-inf") if max_age_s is None else self._clock() - max_age_s


# --- operations: each runs in the file's thread -------------------------------------------------------


def _lookup(connection: sqlite3.Connection, keys: Sequence[str], oldest: float) -> dict[str, ModelAnswer]:
    found: dict[str, ModelAnswer] = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        some = keys[start : start + _KEYS_A_QUERY]
        places = ",".join("?" * len(some))
        rows = connection.execute(
            f"SELECT key, answer FROM answers WHERE key IN ({places}) AND created_at >= ?",  # noqa: S608  # only question marks
            (*some, oldest),
        )
        found.update((key, from_json(answer)) for key, answer in rows)
    return found


def _claim(
    connection: sqlite3.Connection, wanted: Claim, now: float, oldest: float
) -> Claim | ModelAnswer | None:
    answer = _lookup(connection, [wanted.key], oldest).get(wanted.key)
    if answer is not None:
        return answer
    taken = connection.execute(
        "INSERT INTO claims (key, holder, expires_at) VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at "
        "WHERE claims.expires_at <= ? OR claims.holder = excluded.holder",
        (wanted.key, wanted.holder, wanted.expires_at, now),
    )
    return wanted if taken.rowcount == 1 else None


def _commit(
    connection: sqlite3.Connection, row: tuple[str, str, str | None, str, float], oldest: float
) -> ModelAnswer:
    connection.execute(
        "INSERT INTO answers (key, model, api_base, answer, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, created_at = excluded.created_at "
        "WHERE answers.created_at < ?",
        (*row, oldest),
    )
    connection.execute("DELETE FROM claims WHERE key = ?", (row[0],))
    stored = connection.execute("SELECT answer FROM answers WHERE key = ?", (row[0],)).fetchone()
    return from_json(stored[0])


def _release(connection: sqlite3.Connection, claim: Claim) -> None:
    connection.execute("DELETE FROM claims WHERE key = ? AND holder = ?", (claim.key, claim.holder))


def _renew(connection: sqlite3.Connection, keys: Sequence[str], holder: str, until: float) -> None:
    connection.executemany(
        "UPDATE claims SET expires_at = ? WHERE key = ? AND holder = ?",
        [(until, key, holder) for key in keys],
    )

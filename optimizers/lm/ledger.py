"""The ledger in a SQLite file of its own: paid answers, claims on questions, and what was really spent."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from optimizers.lm.answer_json import from_json, to_json
from optimizers.lm.lanes import LANES_SCHEMA, SqliteLanes
from optimizers.lm.ledger_file import LedgerFile, listed
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


@dataclass(eq=False, slots=True)  # neither frozen nor keyword-only: one is made for each judgement
class _Wish:
    """A claim that somebody wants `now`, unless there is an answer that is not older than `oldest`."""

    claim: Claim
    now: float
    oldest: float


@dataclass(eq=False, slots=True)  # as above
class _Paid:
    """An answer to store, unless there is one already that is not older than `oldest`."""

    request: ModelRequest
    answer: ModelAnswer
    oldest: float


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
        found: dict[str, ModelAnswer] = await self._file.read_together(_lookup, (keys, oldest))
        return found

    async def claim(
        self, request: ModelRequest, *, holder: str, lease_s: float, max_age_s: float | None = None
    ) -> Claim | ModelAnswer | None:
        """The committed answer; or a claim; or `None` while somebody else holds a live claim.

        An answer older than `max_age_s` does not count. A holder who claims again keeps its claim.
        """
        key, now = request.key, self._clock()
        wanted = Claim(key=key, holder=holder, expires_at=now + lease_s)
        wish = _Wish(wanted, now, self._oldest(max_age_s))
        found: Claim | ModelAnswer | None = await self._file.write_together(_claim, wish, look=_answered)
        return found

    async def commit(
        self, request: ModelRequest, answer: ModelAnswer, *, max_age_s: float | None = None
    ) -> ModelAnswer:
        """Store `answer` unless one is there already; return the one that counts, and end all claims.

        A late answer, whose claim has run out, is kept too. An answer older than `max_age_s` gives
        way to the new one.
        """
        paid = _Paid(request, answer, self._oldest(max_age_s))
        counted: ModelAnswer = await self._file.write_together(_commit, paid)
        return counted

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


def _lookup(
    connection: sqlite3.Connection, wanted: Sequence[tuple[Sequence[str], float]]
) -> list[dict[str, ModelAnswer]]:
    stored = _stored(connection, [key for keys, _ in wanted for key in keys])
    return [
        {key: stored[key] for key in keys if key in stored and stored[key].created_at >= oldest}
        for keys, oldest in wanted
    ]


def _stored(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, ModelAnswer]:
    """The answers among `keys`, of any age."""
    rows = connection.execute(
        "SELECT key, answer FROM answers WHERE key IN (SELECT value FROM json_each(?))", (listed(keys),)
    )
    return {key: from_json(answer) for key, answer in rows.fetchall()}


def _claim(connection: sqlite3.Connection, wishes: Sequence[_Wish]) -> list[Claim | ModelAnswer | None]:
    keys = [wish.claim.key for wish in wishes]
    stored, held = _stored(connection, keys), _held(connection, keys)
    found: list[Claim | ModelAnswer | None] = []
    granted: dict[str, Claim] = {}
    for wish in wishes:
        key, answer = wish.claim.key, stored.get(wish.claim.key)
        if answer is not None and answer.created_at >= wish.oldest:
            found.append(answer)
        elif _is_free(held.get(key), wish):
            held[key] = granted[key] = wish.claim
            found.append(wish.claim)
        else:
            found.append(None)
    _grant(connection, granted.values())
    return found


def _answered(connection: sqlite3.Connection, wishes: Sequence[_Wish]) -> list[ModelAnswer | None]:
    stored = _stored(connection, [wish.claim.key for wish in wishes])
    found = ((wish, stored.get(wish.claim.key)) for wish in wishes)
    return [answer if answer and answer.created_at >= wish.oldest else None for wish, answer in found]


def _is_free(held: Claim | None, wish: _Wish) -> bool:
    return held is None or held.expires_at <= wish.now or held.holder == wish.claim.holder


def _held(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Claim]:
    rows = connection.execute(
        "SELECT key, holder, expires_at FROM claims WHERE key IN (SELECT value FROM json_each(?))",
        (listed(keys),),
    )
    return {key: Claim(key=key, holder=holder, expires_at=until) for key, holder, until in rows.fetchall()}


def _grant(connection: sqlite3.Connection, claims: Iterable[Claim]) -> None:
    rows = [(claim.key, claim.holder, claim.expires_at) for claim in claims]
    if rows:
        connection.execute(
            "INSERT OR REPLACE INTO claims (key, holder, expires_at) SELECT json_extract(value, '$[0]'), "
            "json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)",
            (listed(rows),),
        )


def _commit(connection: sqlite3.Connection, paid: Sequence[_Paid]) -> list[ModelAnswer]:
    keys = [each.request.key for each in paid]
    stored = _stored(connection, keys)
    new: dict[str, _Paid] = {}
    for key, each in zip(keys, paid, strict=True):
        if key not in stored or stored[key].created_at < each.oldest:
            new[key], stored[key] = each, replace(each.answer, cached=False)
    _store(connection, new)
    connection.execute("DELETE FROM claims WHERE key IN (SELECT value FROM json_each(?))", (listed(keys),))
    return [stored[key] for key in keys]


def _store(connection: sqlite3.Connection, paid: Mapping[str, _Paid]) -> None:
    rows = [
        (
            key,
            each.request.model.name,
            each.request.model.api_base,
            to_json(each.answer),
            each.answer.created_at,
        )
        for key, each in paid.items()
    ]
    if rows:
        connection.execute(
            "INSERT OR REPLACE INTO answers (key, model, api_base, answer, created_at) "
            "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), "
            "json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM json_each(?)",
            (listed(rows),),
        )


def _release(connection: sqlite3.Connection, claim: Claim) -> None:
    connection.execute("DELETE FROM claims WHERE key = ? AND holder = ?", (claim.key, claim.holder))


def _renew(connection: sqlite3.Connection, keys: Sequence[str], holder: str, until: float) -> None:
    connection.executemany(
        "UPDATE claims SET expires_at = ? WHERE key = ? AND holder = ?",
        [(until, key, holder) for key in keys],
    )

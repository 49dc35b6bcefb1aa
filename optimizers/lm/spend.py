"""What was really paid, by account. A reservation is stored before a call leaves and settled after it.

A reservation that is never settled (the process was killed, nobody knows what became of the call) stays
charged in full: the cap holds whatever happens.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optimizers.lm.ledger_file import LedgerFile, listed
from optimizers.lm.money import to_pico, to_usd
from optimizers.types import Budget, Usage

SPEND_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    calls INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cost_pico INTEGER NOT NULL DEFAULT 0,
    unpriced_calls INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reservations (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_pico INTEGER
);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What one call takes, at most or really. `cost_usd` is `None` where the price is unknown."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None

    @property
    def cost_pico(self) -> int | None:
        """The cost in picodollars."""
        return None if self.cost_usd is None else to_pico(self.cost_usd)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """A stored promise to pay at most `charge` for one call."""

    id: int
    account: str
    charge: Charge


class SpendAccounts:
    """Accounts in the ledger's file. Each change returns the account's new total with its result."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def total_now(self, account: str) -> Usage:
        """What `account` has paid, open reservations included. `calls` are paid attempts.

        It blocks for the time of one read.
        """
        return self._file.read_now(lambda connection: _total(connection, account).usage)

    def reserve(
        self, account: str, charge: Charge, cap: Budget | None
    ) -> "asyncio.Future[tuple[Reservation | None, Usage]]":
        """Charge `account` with the most that one call can take, unless that would exceed `cap`."""
        return self._file.write_together(_reserve, (account, charge, cap))

    def settle(self, reservation: Reservation, charge: Charge) -> "asyncio.Future[Usage]":
        """Replace the reservation by what the call really took. It is handed in at once: what is handed in
        after it, such as the answer, shares its transaction."""
        return self._close(reservation, charge)

    async def refund(self, reservation: Reservation) -> Usage:
        """Take the reservation back: the provider surely charged nothing."""
        return await self._close(reservation, None)

    async def keep(self, reservation: Reservation) -> Usage:
        """Leave the reservation charged in full: nobody knows what the call took."""
        return await self._close(reservation, reservation.charge)

    def _close(self, reservation: Reservation, taken: Charge | None) -> "asyncio.Future[Usage]":
        return self._file.write_together(_close, (reservation, taken))


# --- operations: each runs in the file's thread -------------------------------------------------------


class _Total:
    """An account's row, as the operations of one group change it."""

    def __init__(self, row: Sequence[int]) -> None:
        self.calls, self.prompt_tokens, self.completion_tokens, self.cost_pico, self.unpriced_calls = row

    def add(self, charge: Charge, *, sign: int) -> None:
        cost = charge.cost_pico
        self.calls += sign
        self.prompt_tokens += sign * charge.prompt_tokens
        self.completion_tokens += sign * charge.completion_tokens
        self.cost_pico += sign * (cost or 0)
        self.unpriced_calls += sign * int(cost is None)

    def fits(self, charge: Charge, cap: Budget) -> bool:
        """Whether one call more that takes `charge` stays within `cap`."""
        if cap.max_calls is not None and self.calls + 1 > cap.max_calls:
            return False
        tokens = self.prompt_tokens + self.completion_tokens + charge.prompt_tokens + charge.completion_tokens
        if cap.max_tokens is not None and tokens > cap.max_tokens:
            return False
        if cap.max_cost_usd is None:
            return True
        if self.unpriced_calls or charge.cost_pico is None:
            return False
        return self.cost_pico + charge.cost_pico <= to_pico(cap.max_cost_usd)

    @property
    def usage(self) -> Usage:
        return Usage(
            calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=None if self.unpriced_calls else to_usd(self.cost_pico),
        )


def _total(connection: sqlite3.Connection, account: str) -> _Total:
    row = connection.execute(
        "SELECT calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls FROM accounts "
        "WHERE account = ?",
        (account,),
    ).fetchone()
    return _Total(row or (0, 0, 0, 0, 0))


def _totals(connection: sqlite3.Connection, accounts: Iterable[str]) -> dict[str, _Total]:
    return {account: _total(connection, account) for account in set(accounts)}


def _store(connection: sqlite3.Connection, totals: dict[str, _Total]) -> None:
    for account, total in totals.items():
        connection.execute(
            "INSERT OR REPLACE INTO accounts "
            "(account, calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                account,
                total.calls,
                total.prompt_tokens,
                total.completion_tokens,
                total.cost_pico,
                total.unpriced_calls,
            ),
        )


def _reserve(
    connection: sqlite3.Connection, wishes: Sequence[tuple[str, Charge, Budget | None]]
) -> list[tuple[Reservation | None, Usage]]:
    totals = _totals(connection, (account for account, _, _ in wishes))
    last = connection.execute("SELECT COALESCE(max(id), 0) FROM reservations").fetchone()[0]
    made: list[Reservation] = []
    results: list[tuple[Reservation | None, Usage]] = []
    for account, charge, cap in wishes:
        total, reservation = totals[account], None
        if cap is None or total.fits(charge, cap):
            total.add(charge, sign=1)
            reservation = Reservation(id=last + len(made) + 1, account=account, charge=charge)
            made.append(reservation)
        results.append((reservation, total.usage))
    if made:
        _store(connection, totals)
        _open(connection, made)
    return results


def _open(connection: sqlite3.Connection, reservations: Sequence[Reservation]) -> None:
    rows = [
        (
            each.id,
            each.account,
            each.charge.prompt_tokens,
            each.charge.completion_tokens,
            each.charge.cost_pico,
        )
        for each in reservations
    ]
    connection.execute(
        "INSERT INTO reservations (id, account, prompt_tokens, completion_tokens, cost_pico) "
        "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), "
        "json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM json_each(?)",
        (listed(rows),),
    )


def _close(
    connection: sqlite3.Connection, closings: Sequence[tuple[Reservation, Charge | None]]
) -> list[Usage]:
    """Take reservations back, in favour of what was really taken, unless that is `None`. One that is not
    open any more changes nothing."""
    ids = listed([reservation.id for reservation, _ in closings])
    rows = connection.execute(  # one row for all: the thread gives up the interpreter for each
        "SELECT json_group_array(id) FROM reservations WHERE id IN (SELECT value FROM json_each(?))", (ids,)
    )
    still_open = set(json.loads(rows.fetchone()[0]))
    totals = _totals(connection, (reservation.account for reservation, _ in closings))
    results: list[Usage] = []
    for reservation, taken in closings:
        total = totals[reservation.account]
        if reservation.id in still_open:
            still_open.discard(reservation.id)
            total.add(reservation.charge, sign=-1)
            if taken is not None:
                total.add(taken, sign=1)
        results.append(total.usage)
    _store(connection, totals)
    connection.execute("DELETE FROM reservations WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    return results

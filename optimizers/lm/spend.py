"""What was really paid, by account. A reservation is stored before a call leaves and settled after it.

A reservation that is never settled (the process was killed, nobody knows what became of the call) stays
charged in full: the cap holds whatever happens.
"""

import sqlite3
from dataclasses import dataclass

from optimizers.lm.ledger_file import LedgerFile
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
        return self._file.read_now(lambda connection: _total(connection, account))

    async def reserve(
        self, account: str, charge: Charge, cap: Budget | None
    ) -> tuple[Reservation | None, Usage]:
        """Charge `account` with the most that one call can take, unless that would exceed `cap`."""
        return await self._file.write(lambda connection: _reserve(connection, account, charge, cap))

    async def settle(self, reservation: Reservation, charge: Charge) -> Usage:
        """Replace the reservation by what the call really took."""
        return await self._file.write(lambda connection: _settle(connection, reservation, charge))

    async def refund(self, reservation: Reservation) -> Usage:
        """Take the reservation back: the provider surely charged nothing."""
        return await self._file.write(lambda connection: _refund(connection, reservation))

    async def keep(self, reservation: Reservation) -> Usage:
        """Leave the reservation charged in full: nobody knows what the call took."""
        return await self._file.write(lambda connection: _settle(connection, reservation, reservation.charge))


# --- operations: each runs in the file's thread -------------------------------------------------------


def _total(connection: sqlite3.Connection, account: str) -> Usage:
    row = connection.execute(
        "SELECT calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls FROM accounts "
        "WHERE account = ?",
        (account,),
    ).fetchone()
    calls, prompt_tokens, completion_tokens, cost_pico, unpriced = row or (0, 0, 0, 0, 0)
    return Usage(
        calls=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=None if unpriced else to_usd(cost_pico),
    )


def _reserve(
    connection: sqlite3.Connection, account: str, charge: Charge, cap: Budget | None
) -> tuple[Reservation | None, Usage]:
    total = _total(connection, account)
    if cap is not None and not _fits(total, charge, cap):
        return None, total
    _add(connection, account, charge, sign=1)
    made = connection.execute(
        "INSERT INTO reservations (account, prompt_tokens, completion_tokens, cost_pico) VALUES (?, ?, ?, ?)",
        (account, charge.prompt_tokens, charge.completion_tokens, charge.cost_pico),
    )
    assert made.lastrowid is not None
    reservation = Reservation(id=made.lastrowid, account=account, charge=charge)
    return reservation, _total(connection, account)


def _fits(total: Usage, charge: Charge, cap: Budget) -> bool:
    if cap.max_calls is not None and total.calls + 1 > cap.max_calls:
        return False
    tokens = total.prompt_tokens + total.completion_tokens + charge.prompt_tokens + charge.completion_tokens
    if cap.max_tokens is not None and tokens > cap.max_tokens:
        return False
    if cap.max_cost_usd is None:
        return True
    if total.cost_usd is None or charge.cost_pico is None:
        return False
    return to_pico(total.cost_usd) + charge.cost_pico <= to_pico(cap.max_cost_usd)


def _settle(connection: sqlite3.Connection, reservation: Reservation, charge: Charge) -> Usage:
    if _close(connection, reservation):
        _add(connection, reservation.account, reservation.charge, sign=-1)
        _add(connection, reservation.account, charge, sign=1)
    return _total(connection, reservation.account)


def _refund(connection: sqlite3.Connection, reservation: Reservation) -> Usage:
    if _close(connection, reservation):
        _add(connection, reservation.account, reservation.charge, sign=-1)
    return _total(connection, reservation.account)


def _close(connection: sqlite3.Connection, reservation: Reservation) -> bool:
    """Whether the reservation was still open; it is closed now."""
    gone = connection.execute("DELETE FROM reservations WHERE id = ?", (reservation.id,))
    return gone.rowcount == 1


def _add(connection: sqlite3.Connection, account: str, charge: Charge, *, sign: int) -> None:
    cost = charge.cost_pico
    connection.execute(
        "INSERT INTO accounts (account, calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET calls = calls + excluded.calls, "
        "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
        "completion_tokens = completion_tokens + excluded.completion_tokens, "
        "cost_pico = cost_pico + excluded.cost_pico, "
        "unpriced_calls = unpriced_calls + excluded.unpriced_calls",
        (
            account,
            sign,
            sign * charge.prompt_tokens,
            sign * charge.completion_tokens,
            sign * (cost or 0),
            sign * int(cost is None),
        ),
    )

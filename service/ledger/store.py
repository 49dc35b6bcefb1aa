"""The ledger in PostgreSQL: answers, claims, accounts and provider limits that all workers share."""

from collections.abc import Sequence
from contextlib import closing

import psycopg

from optimizers.lm.gcra import LaneLimit
from optimizers.lm.spend import Charge, Reservation
from optimizers.protocols import Claim
from optimizers.types import Budget, ModelAnswer, ModelRequest, Usage
from service.ledger import answers, lanes, spend
from service.ledger.connection import PatientConnection, refusal
from service.ledger.line import Line
from service.ledger.uses import DatabaseUses

PATIENCE_S = 20.0
"""How long calls wait for a database that is away: a restart takes seconds."""


class DatabaseLedger:
    """A `Ledger` in the service's migrated PostgreSQL database, with accounts and lanes.

    It keeps two connections. What must outlive a power failure waits for the disk: answers, and
    reservations before their call leaves. The rest does not wait, and is as safe: a claim reaches the
    disk with the reservation that follows it, and a settlement that is lost leaves the charge at its
    most. Leases and ages are on the database's clock. No credential is ever stored: a request has none.

    Raises:
        StorageFailed: (every method) the database is away for longer than `patience_s` seconds, refuses,
            or the ledger is closed.
    """

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        self._durable = Line(url, patience_s=patience_s)
        self._light = Line(url, patience_s=patience_s, durable=False)
        self.spend = DatabaseAccounts(self._durable, self._light, url, patience_s)
        self.lanes = DatabaseLanes(self._light)
        self.uses = DatabaseUses(self._light)

    def close(self) -> None:
        """Finish what was handed in and close the connections."""
        self._durable.close()
        self._light.close()

    async def lookup(self, keys: Sequence[str], *, max_age_s: float | None = None) -> dict[str, ModelAnswer]:
        """The committed answers among `keys`, not older than `max_age_s`; one trip for all."""
        return await self._light.do(answers.lookup(keys, max_age_s))

    async def claim(
        self, request: ModelRequest, *, holder: str, lease_s: float, max_age_s: float | None = None
    ) -> Claim | ModelAnswer | None:
        """The committed answer; or a claim; or `None` while somebody else holds a live claim.

        An answer older than `max_age_s` does not count. A holder who claims again keeps its claim.
        """
        key = request.key
        found = await self._light.do(answers.lookup([key], max_age_s))  # which writes nothing
        return found.get(key) or await self._light.do(answers.claim(key, holder, lease_s, max_age_s))

    async def commit(
        self, request: ModelRequest, answer: ModelAnswer, *, max_age_s: float | None = None
    ) -> ModelAnswer:
        """Store `answer` unless one is there already; return the one that counts, and end all claims.

        A late answer, whose claim has run out, is kept too. An answer older than `max_age_s` gives
        way to the new one.
        """
        return await self._durable.do(answers.commit(request, answer, max_age_s))

    async def release(self, claim: Claim) -> None:
        """Give a claim back unanswered."""
        await self._light.do(answers.release(claim))

    async def renew(self, keys: Sequence[str], *, holder: str, lease_s: float) -> None:
        """Extend those claims on `keys` that `holder` still has."""
        await self._light.do(answers.renew(keys, holder, lease_s))

    async def count(self) -> int:
        """How many answers are stored."""
        return await self._light.do(answers.count())


class DatabaseAccounts:
    """Accounts beside the answers: a `SpendBook` whose caps hold for all workers together."""

    def __init__(self, durable: Line, light: Line, url: str, patience_s: float) -> None:
        self._durable = durable
        self._light = light
        self._url = url
        self._patience_s = patience_s

    def total_now(self, account: str) -> Usage:
        """What `account` has paid, open reservations included. `calls` are paid attempts.

        It blocks for the time of one read.
        """
        with closing(PatientConnection(self._url, patience_s=self._patience_s)) as connection:
            try:
                usage: Usage = connection.run([spend.total(account)])[0]
            except psycopg.Error as error:
                raise refusal(error) from error
            return usage

    async def reserve(
        self, account: str, charge: Charge, cap: Budget | None
    ) -> tuple[Reservation | None, Usage]:
        """Charge `account` with the most that one call can take, unless that would exceed `cap`.

        Where the connection breaks so that nobody knows whether the reservation was stored, it is made
        again: the first one, if it was, stays charged.
        """
        return await self._durable.do(spend.reserve(account, charge, cap))

    async def settle(self, reservation: Reservation, charge: Charge) -> Usage:
        """Replace the reservation by what the call really took."""
        return await self._light.do(spend.close(reservation, charge))

    async def refund(self, reservation: Reservation) -> Usage:
        """Take the reservation back: the provider surely charged nothing."""
        return await self._light.do(spend.close(reservation, None))

    async def keep(self, reservation: Reservation) -> Usage:
        """Leave the reservation charged in full: nobody knows what the call took."""
        return await self._light.do(spend.close(reservation, reservation.charge))


class DatabaseLanes:
    """Provider limits that all workers share: a `LaneBook`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def book(self, lane: str, limit: LaneLimit, tokens: int) -> float:
        """Book one call of `tokens`; the seconds until it may leave."""
        return await self._line.do(lanes.book(lane, limit, tokens))

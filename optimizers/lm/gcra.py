"""How many requests and tokens a provider gets a minute: the generic cell rate algorithm.

A lane keeps, for requests and for tokens, its theoretical arrival time (TAT; ITU-T I.371, virtual
scheduling): the moment until which its limit is used up. Two numbers, however many calls there are, so
that one row in a database can be shared by all who pay together. A call that does not conform is not
turned away: it is booked for the first moment at which it does, and told how long to wait.
"""

import math
from dataclasses import dataclass

from optimizers.errors import InvalidInput

MINUTE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """So many a minute, evenly spread. In no 60 s are more than `per_minute` admitted.

    Raises:
        InvalidInput: it is less than 1.
    """

    per_minute: int

    def __post_init__(self) -> None:
        if self.per_minute < 1:
            raise InvalidInput(f"a limit must be 1 a minute or more, got {self.per_minute}")

    @property
    def burst(self) -> float:
        """How many may leave at one moment: a second's worth, so that who was late can catch up."""
        return max(1.0, self.per_minute / MINUTE_S)

    @property
    def interval_s(self) -> float:
        """Seconds that one takes. At most `W / interval + burst - 1` are admitted in less than W seconds,
        which is `per_minute` for a minute: the burst is part of the limit, not beside it."""
        return MINUTE_S / (self.per_minute - self.burst + 1)

    def cost_s(self, amount: float) -> float:
        """How far `amount` moves the TAT."""
        return amount * self.interval_s

    def slack_s(self, amount: float) -> float:
        """How far the TAT may lie ahead when `amount` is admitted; 0 where it is more than a burst."""
        return max(self.burst - amount, 0.0) * self.interval_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Dues:
    """What one call takes of its lane, in seconds of TAT. No limit costs nothing and is never late."""

    request_cost_s: float = 0.0
    request_slack_s: float = math.inf
    token_cost_s: float = 0.0
    token_slack_s: float = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneLimit:
    """A provider's limits a minute; `None` is none."""

    requests: Pace | None = None
    tokens: Pace | None = None

    def dues(self, tokens: int) -> Dues:
        """What a call of `tokens` takes."""
        requests, spent = self.requests, self.tokens
        free = Dues()
        return Dues(
            request_cost_s=requests.cost_s(1) if requests else free.request_cost_s,
            request_slack_s=requests.slack_s(1) if requests else free.request_slack_s,
            token_cost_s=spent.cost_s(tokens) if spent else free.token_cost_s,
            token_slack_s=spent.slack_s(tokens) if spent else free.token_slack_s,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """A lane's state: two TATs, and when the last call was admitted. POSIX seconds."""

    requests_until: float = 0.0
    tokens_until: float = 0.0
    admitted_at: float = 0.0


def book(lane: Booked, dues: Dues, now: float) -> Booked:
    """The lane with one call more, which may leave at `admitted_at`.

    Both limits count the call from when it leaves, whichever of them it had to wait for; so each call
    leaves later than those booked before it, and each limit holds as if there were no other.
    """
    at = max(now, lane.requests_until - dues.request_slack_s, lane.tokens_until - dues.token_slack_s)
    return Booked(
        requests_until=max(lane.requests_until, at) + dues.request_cost_s,
        tokens_until=max(lane.tokens_until, at) + dues.token_cost_s,
        admitted_at=at,
    )

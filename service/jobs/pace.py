"""How fast a job goes, for a guess at when it will be done."""

import time
from collections import deque
from collections.abc import Callable

from optimizers.types import Budget, Usage

WINDOW_S = 60.0
"""What happened before says little: a resumed run first goes through its ledger, at once."""
LEAST_S = 3.0
"""A guess from less than this would jump about."""


class Pace:
    """Calls a second over the last minute. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, calls: int) -> None:
        """So many calls have been answered since the attempt began."""
        now = self._clock()
        self._seen.append((now, calls))
        while now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    def left_s(self, calls_left: float | None) -> float | None:
        """Seconds until so many more are answered; `None` where nobody can tell."""
        if calls_left is None or not self._seen:
            return None
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        if ended - began < LEAST_S or last <= first:
            return None
        return round(calls_left * (ended - began) / (last - first), 1)


def calls_left(budget: Budget, usage: Usage) -> float | None:
    """How many calls the budget has room for, tokens and cost at the mean so far; `None`: no limit."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    used = (
        (usage.calls, budget.max_calls),
        (tokens, budget.max_tokens),
        (usage.cost_usd, budget.max_cost_usd),
    )
    left = [
        max(0.0, limit - taken) * usage.calls / taken
        for taken, limit in used
        if limit is not None and taken  # what is not used yet has no mean
    ]
    return min(left, default=None)

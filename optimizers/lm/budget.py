"""The budget of a run: what its logical calls may take, whoever paid for them.

Every call counts at its recorded price, whether the ledger had it or not, so that a repeat is the same
run. Sums are whole numbers, so that they do not depend on the order of arrival.
"""

import threading
from fractions import Fraction

from optimizers.errors import BudgetExhausted, BudgetTooSmall, InvalidInput
from optimizers.lm.money import to_pico, to_usd
from optimizers.types import Budget, ModelAnswer, Usage


class BudgetMeter:
    """Counts logical calls against a budget. Any thread may use it.

    Calls are granted at barriers (`require`); a granted call is never refused half-way through its
    batch. Who asks without a grant is refused as soon as nothing is left.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._calls = 0
        self._cached = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._cost_pico = 0
        self._unpriced = 0
        self._latency_ms = 0.0
        self._open = 0  # calls that were let in and are not answered yet
        self._granted = 0
        self._final = 0
        self._ended = False  # for calls that are never granted

    @property
    def usage(self) -> Usage:
        """All answered calls so far."""
        with self._lock:
            return Usage(
                calls=self._calls,
                cached_calls=self._cached,
                prompt_tokens=self._prompt_tokens,
                completion_tokens=self._completion_tokens,
                cost_usd=None if self._unpriced else to_usd(self._cost_pico),
                latency_ms=self._latency_ms,
            )

    # --- at barriers ------------------------------------------------------------------------------------

    def reserve_final(self, calls: int) -> None:
        """Set `calls` aside for the final test; 0 gives them back.

        Raises:
            BudgetTooSmall: they do not fit.
        """
        if calls < 0:
            raise InvalidInput(f"calls must be 0 or more, got {calls}")
        with self._lock:
            if calls > 0 and not self._fits(calls, aside=0):
                raise BudgetTooSmall(
                    f"the budget has no room for the {calls} calls of the final test: {self._state()}",
                    needed_calls=self._calls + calls,
                )
            self._final = calls

    def affordable(self, calls: int) -> bool:
        """Whether `calls` more fit beside what is set aside. Tokens and cost are projected from the mean
        of the calls so far."""
        with self._lock:
            return self._fits(calls, aside=self._final)

    def require(self, calls: int) -> None:
        """Grant `calls`, replacing what an earlier grant left.

        Raises:
            BudgetExhausted: they do not fit.
        """
        with self._lock:
            if not self._fits(calls, aside=self._final):
                raise BudgetExhausted(f"the budget has no room for {calls} more calls: {self._state()}")
            self._granted = calls

    # --- at each call -----------------------------------------------------------------------------------

    def let_in(self, *, granted: bool = True) -> None:
        """One call begins. Unless `granted`, it takes no part of a grant, which others were promised.

        Raises:
            BudgetExhausted: it was not granted and nothing is left for it. Once this has happened to a
                call with `granted` false, no such call is let in any more: threads that outlive a
                search must not live off what its end sets free.
        """
        with self._lock:
            if granted and self._granted > 0:
                self._granted -= 1
            elif (self._ended and not granted) or not self._fits(1, aside=self._final):
                self._ended = self._ended or not granted
                raise BudgetExhausted(f"the budget has no room for another call: {self._state()}")
            self._open += 1

    def answered(self, answer: ModelAnswer) -> None:
        """A call that was let in has its answer."""
        with self._lock:
            self._open -= 1
            self._calls += 1
            self._cached += int(answer.cached)
            self._prompt_tokens += answer.prompt_tokens
            self._completion_tokens += answer.completion_tokens
            self._latency_ms += answer.latency_ms
            if answer.cost_usd is None:
                self._unpriced += 1
            else:
                self._cost_pico += to_pico(answer.cost_usd)

    def unanswered(self) -> None:
        """A call that was let in ended without an answer; it does not count."""
        with self._lock:
            self._open -= 1

    # --- under the lock -----------------------------------------------------------------------------------

    def _fits(self, calls: int, *, aside: int) -> bool:
        pending = self._open + calls + aside
        limits = self._budget
        if limits.max_calls is not None and self._calls + pending > limits.max_calls:
            return False
        if limits.max_tokens is not None and not self._projected(self._tokens, pending, limits.max_tokens):
            return False
        if limits.max_cost_usd is None:
            return True
        return self._projected(self._cost_pico, pending, to_pico(limits.max_cost_usd))

    @property
    def _tokens(self) -> int:
        return self._prompt_tokens + self._completion_tokens

    def _projected(self, used: int, pending: int, limit: int) -> bool:
        mean = Fraction(used, self._calls) if self._calls else Fraction(0)
        return used < limit and used + pending * mean <= limit

    def _state(self) -> str:
        """What was used, and what is allowed, for a message."""
        limits = self._budget
        parts = [
            (f"{self._calls} calls", limits.max_calls),
            (f"{self._tokens} tokens", limits.max_tokens),
            (f"{to_usd(self._cost_pico):.6g} USD", limits.max_cost_usd),
        ]
        used = ", ".join(f"{text} of {limit} used" for text, limit in parts if limit is not None)
        aside = f", {self._final} calls set aside for the final test" if self._final else ""
        return used + aside

"""One run's way to the models: its budget, its account, its switch."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from optimizers.errors import ConcordError, InvalidInput, PauseReason
from optimizers.lm.budget import BudgetMeter
from optimizers.lm.charge import Account
from optimizers.lm.circuit import Circuit
from optimizers.lm.control import RunControl
from optimizers.lm.flight import Flight
from optimizers.types import Budget, ModelAnswer, ModelRef, ModelRequest, Usage

Answer = Callable[["Session", ModelRequest, str], Awaitable[ModelAnswer]]

AHEAD = 0.5
"""Questions beyond the calls that may be open, for each of these: while those are with the provider, the next
are looked up and reserved, and those before are stored and read. Each costs one unknown outcome more where
the process is killed."""


def questions_abreast(max_in_flight: int) -> int:
    """How many questions a run asks at a time that has at most so many calls open: those that are with the
    provider, and those that are looked up, reserved or stored meanwhile. So many calls at most are lost where
    its process is killed."""
    return max_in_flight + math.ceil(AHEAD * max_in_flight)


class Session:
    """A `LanguageModel` under one budget and one spend cap. Made by `Gateway.session`.

    `places` are the calls that it may have open; `abreast` questions asked at a time keep all of them busy,
    and as many `turns` there are to reserve what a call may take. `refusals` are of models of which no
    question can be answered.
    `ask` belongs to the gateway's event loop; everything else may be called from any thread.
    """

    def __init__(  # noqa: PLR0913  # made in one place, by name
        self,
        *,
        answer: Answer,
        require_price: Callable[[ModelRef], None],
        new_circuit: Callable[[], Circuit],
        account: Account,
        budget: Budget,
        spend_cap: Budget | None,
        control: RunControl,
        max_age_s: float | None,
        max_in_flight: int,
    ) -> None:
        if max_in_flight < 1:
            raise InvalidInput(f"max_in_flight must be 1 or more, got {max_in_flight}")
        self.account = account
        self.places = asyncio.Semaphore(max_in_flight)
        self.abreast = questions_abreast(max_in_flight)
        self.turns = asyncio.Semaphore(self.abreast)
        self.refusals: dict[ModelRef, ConcordError] = {}
        self.spend_cap = spend_cap
        self.control = control
        self._oldest = None if max_age_s is None else time.time() - max_age_s
        self._answer = answer
        self._require_price = require_price
        self._new_circuit = new_circuit
        self._meter = BudgetMeter(budget)
        self._circuits: dict[object, Circuit] = {}
        self._priced: set[ModelRef] = set()
        self._listening = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def max_age_s(self) -> float | None:
        """The age in seconds up to which an answer counts now. It was set for the session's start, so
        it grows with the session: what was answered since then is never asked again."""
        return None if self._oldest is None else time.time() - self._oldest

    # --- calls --------------------------------------------------------------------------------------------

    async def ask(self, request: ModelRequest, *, granted: bool = True) -> ModelAnswer:
        """Answer `request` from the ledger or the provider; a rejected request is an answer with
        `rejected` set.

        With `granted` false the call takes no part of what `require` granted, and stops for good once
        the budget has no room: so it is for callers who never ask before they call.

        Raises:
            AuthenticationFailed, ModelNotFound: no request can be answered.
            ProviderUnavailable: after all retries.
            StorageFailed: the ledger could not be read or written.
            RunCancelled, RunPaused: at once, when the run is stopped or the spend cap is reached.
            BudgetExhausted: the call does not fit the budget and was not granted by `require`.
            PriceUnknown: there is a limit in dollars and the model has no known price.
            InvalidInput: a message cannot be sent as UTF-8.
        """
        self.control.check()
        if request.model not in self._priced:
            self._require_price(request.model)
            self._priced.add(request.model)
        key = _key(request)
        self._meter.let_in(granted=granted)
        try:
            answer = await self._answer(self, request, key)
        except BaseException:
            self._meter.unanswered()
            raise
        self._meter.answered(answer)
        return answer

    async def wait(self, flight: Flight) -> None:
        """Wait until `flight` has ended, however it did.

        Raises:
            RunStopped: at once when the run is stopped.
        """
        if not self._listening:
            self._listen()
        waiter = asyncio.get_running_loop().create_future()
        flight.waiting.add(waiter)
        self._waiting.add(waiter)
        try:
            if not (self.control.stopped or flight.task.done()):
                await waiter
        finally:
            flight.waiting.discard(waiter)
            self._waiting.discard(waiter)
        if not flight.task.done():
            self.control.check()

    def circuit(self, lane: object) -> Circuit:
        """This run's circuit for one provider; a run that is resumed starts with a closed one."""
        if lane not in self._circuits:
            self._circuits[lane] = self._new_circuit()
        return self._circuits[lane]

    def _listen(self) -> None:
        """From now on an order to the run, whichever thread gives it, wakes all who wait."""
        loop = asyncio.get_running_loop()
        self._listening = True

        def wake() -> None:
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_result(None)

        def ordered() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(wake)

        self.control.subscribe(ordered)

    # --- budget and spend -----------------------------------------------------------------------------------

    @property
    def usage(self) -> Usage:
        """All answered calls by their recorded price, whether the ledger had them or not."""
        return self._meter.usage

    @property
    def paid(self) -> Usage:
        """What the account really paid, in this and earlier sessions, calls in flight at their most."""
        return self.account.paid

    def reserve_final(self, calls: int) -> None:
        """Set `calls` aside for the final test; 0 gives them back when it begins.

        Raises:
            BudgetTooSmall: they do not fit the budget.
        """
        self._meter.reserve_final(calls)

    def affordable(self, calls: int) -> bool:
        """Whether the budget has room for `calls` more beside what is set aside; tokens and cost are
        projected from the mean of the calls so far."""
        return self._meter.affordable(calls)

    def require(self, calls: int) -> None:
        """Make sure, before a batch, that all of it fits; none of its calls is refused afterwards.

        Raises:
            BudgetExhausted: it does not fit.
        """
        self._meter.require(calls)

    def pause(self, reason: PauseReason, message: str) -> None:
        """Stop the run from within: every call, pending or to come, raises `RunPaused`."""
        self.control.pause(reason, message)

    def fail(self, error: Exception) -> None:
        """End the run from within: every call, pending or to come, raises `RunFailed` with `error`."""
        self.control.fail(error)


def _key(request: ModelRequest) -> str:
    try:
        return request.key
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"a message holds text that is not valid Unicode ({error.reason}), which no provider can receive"
        ) from None

"""The spend cap: a call is charged to its account before it leaves, and settled when its fate is known."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

from optimizers.errors import (
    AuthenticationFailed,
    ModelNotFound,
    PauseReason,
    ProviderUnavailable,
    RequestRejected,
    RunPaused,
    RunStopped,
    StorageFailed,
)
from optimizers.lm.meter import reports_usage
from optimizers.lm.pricing import Pricing
from optimizers.lm.spend import Charge, Reservation
from optimizers.lm.tokens import completion_bound, prompt_bound
from optimizers.protocols import Transport
from optimizers.types import Budget, ModelAnswer, ModelRequest, Usage


class SpendBook(Protocol):
    """Where accounts are kept; see `SpendAccounts`, which keeps them in the ledger's file."""

    def total_now(self, account: str) -> Usage: ...  # noqa: D102
    def reserve(  # noqa: D102
        self, account: str, charge: Charge, cap: Budget | None
    ) -> Awaitable[tuple[Reservation | None, Usage]]: ...
    def settle(self, reservation: Reservation, charge: Charge) -> Awaitable[Usage]: ...  # noqa: D102
    async def refund(self, reservation: Reservation) -> Usage: ...  # noqa: D102
    async def keep(self, reservation: Reservation) -> Usage: ...  # noqa: D102


class Account:
    """One run's account, as this process sees it. `paid` is its total, open reservations included.

    Raises:
        StorageFailed: the account cannot be read.
    """

    def __init__(self, name: str, book: SpendBook) -> None:
        self.name = name
        self.paid = book.total_now(name)
        self._book = book
        self._open = 0
        self._settled = asyncio.Event()

    async def reserve(self, charge: Charge, cap: Budget | None) -> Reservation:
        """Charge the most that one call can take.

        Where that does not fit, calls in flight may turn out cheaper than reserved: they are waited for.

        Raises:
            RunPaused: the cap is reached.
        """
        while True:
            settled = self._settled
            reservation = await self._try(charge, cap)
            if reservation is not None:
                self._open += 1
                return reservation
            if self._open == 0 and not settled.is_set():
                raise RunPaused(PauseReason.SPEND_CAP, _cap_message(cap, self.paid, charge))
            await settled.wait()

    async def _try(self, charge: Charge, cap: Budget | None) -> Reservation | None:
        """One try. A reservation that was being written when nobody wanted it any more is given back."""
        reserving = asyncio.ensure_future(self._book.reserve(self.name, charge, cap))
        try:
            reservation, self.paid = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            with suppress(StorageFailed):
                late, _ = await reserving
                if late is not None:
                    self.paid = await self._book.refund(late)
            raise
        return reservation

    def settle(self, reservation: Reservation, charge: Charge) -> "asyncio.Future[Usage]":
        """The call took `charge`. That is on its way to the book when this returns."""
        settling = asyncio.ensure_future(self._book.settle(reservation, charge))
        settling.add_done_callback(self._has_settled)
        return settling

    def _has_settled(self, settling: "asyncio.Future[Usage]") -> None:
        if not settling.cancelled() and settling.exception() is None:
            self.paid = settling.result()
        self._closed_one()

    async def fail(self, reservation: Reservation, *, charged: bool) -> None:
        """The call failed. Unless it surely cost nothing, it stays charged in full."""
        try:
            done = self._book.keep if charged else self._book.refund
            self.paid = await done(reservation)
        finally:
            self._closed_one()

    def _closed_one(self) -> None:
        self._open -= 1
        self._settled.set()
        self._settled = asyncio.Event()


class Voyage(Protocol):
    """Who sends a call: it knows whether the call has left, and is told how it ended."""

    @property
    def departed(self) -> bool:
        """Whether the call may be with the provider."""
        ...

    def back(self) -> None:
        """The call failed; whether another one follows is open."""
        ...

    def settles(self, settling: "asyncio.Future[Usage]") -> None:
        """The call has its answer, and is being settled."""
        ...


class Charged:
    """A transport whose every attempt is charged to `account` under `cap`."""

    def __init__(
        self, inner: Transport, account: Account, cap: Budget | None, pricing: Pricing, voyage: Voyage
    ) -> None:
        self._inner = inner
        self._account = account
        self._cap = cap
        self._pricing = pricing
        self._voyage = voyage

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`. What it took is then being settled: the voyage is told, and may wait for it.

        Raises:
            RunPaused: the cap is reached; the call was not made.
        """
        reservation = await self._account.reserve(self._bound(request), self._cap)
        answer = await self._complete(request, reservation)
        self._voyage.settles(self._account.settle(reservation, self._taken(request, answer, reservation)))
        return answer

    async def _complete(self, request: ModelRequest, reservation: Reservation) -> ModelAnswer:
        try:
            return await self._inner.complete(request)
        except BaseException as error:
            charged = self._voyage.departed and _may_be_charged(error)
            try:
                await self._account.fail(reservation, charged=charged)
            finally:
                self._voyage.back()
            raise

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

    def _bound(self, request: ModelRequest) -> Charge:
        return self._charge(request, prompt_bound(request), completion_bound(request))

    def _taken(self, request: ModelRequest, answer: ModelAnswer, reservation: Reservation) -> Charge:
        if not reports_usage(answer):
            return reservation.charge
        return self._charge(request, answer.prompt_tokens, answer.completion_tokens)

    def _charge(self, request: ModelRequest, prompt_tokens: int, completion_tokens: int) -> Charge:
        price = self._pricing.price(request.model)
        return Charge(
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost_usd=price.cost_usd(prompt_tokens, completion_tokens) if price is not None else None,
        )


def _may_be_charged(error: BaseException) -> bool:
    if isinstance(error, ProviderUnavailable):
        return error.charged
    return not isinstance(error, (AuthenticationFailed, ModelNotFound, RequestRejected, RunStopped))


def _cap_message(cap: Budget | None, paid: Usage, charge: Charge) -> str:
    assert cap is not None
    tokens = paid.prompt_tokens + paid.completion_tokens
    cost = "an unknown price" if paid.cost_usd is None else f"{paid.cost_usd:.6g} USD"
    next_tokens = charge.prompt_tokens + charge.completion_tokens
    return (
        f"the spend cap is reached: {paid.calls} calls, {tokens} tokens, {cost} are paid, and the next call "
        f"can take {next_tokens} tokens; allowed are {_limits(cap)}"
    )


def _limits(cap: Budget) -> str:
    named = {"calls": cap.max_calls, "tokens": cap.max_tokens, "USD": cap.max_cost_usd}
    return ", ".join(f"{value} {unit}" for unit, value in named.items() if value is not None)

"""The one way to the models: ledger(circuit(retry(meter(charge(places(rate(limiter(timer(transport))))))))).

All calls of a run pass here, DSPy's included. The retries stand around the limiter, so that a retry that
waits holds no place and every 429 is seen by what adapts the concurrency. The rate stands outside
the limiter: a call that waits for its turn holds no place either. Each attempt takes a turn. What a call
takes of the ledger, before and after, is done while it holds no place: so a run's places, which are the
calls that it has open, are with the provider all the time.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from optimizers.errors import InvalidInput, RequestRejected, StorageFailed
from optimizers.lm.answer_json import from_ledger
from optimizers.lm.charge import Account, Charged, SpendBook
from optimizers.lm.circuit import Circuit
from optimizers.lm.claims import ClaimLost, WhileClaimed
from optimizers.lm.control import RunControl
from optimizers.lm.counting import CallCounter, Counted
from optimizers.lm.flight import Flight
from optimizers.lm.limiter import AdaptiveLimiter, Limited, Placed, WhileAnswered
from optimizers.lm.meter import Metered, Timed
from optimizers.lm.pacing import Paced, Pacer
from optimizers.lm.pricing import Pricing
from optimizers.lm.retry import Retried, RetryPolicy
from optimizers.lm.session import Session
from optimizers.lm.uses import UseBook, UseNotes
from optimizers.protocols import Claim, Ledger, RateLimit, Transport
from optimizers.types import Budget, ModelAnswer, ModelRef, ModelRequest

__all__ = ["Gateway", "GatewaySettings", "PaidLedger", "Route", "Session"]

Route = Callable[[ModelRef], Transport]
"""Finds the transport of a model, without a call. Raises AuthenticationFailed where a key is missing,
ModelNotFound where no transport reaches it."""


class PaidLedger(Ledger, Protocol):
    """A ledger that also keeps the accounts of those who pay."""

    @property
    def spend(self) -> SpendBook:
        """The accounts."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewaySettings:
    """How calls are made. Times in seconds.

    `lease_s` is how long a claim outlives a process that died; live ones renew it. `linger_s` is how
    long closing waits for answers that are paid for. A provider whose requests failed
    `circuit_failures` times in a row is left alone for `circuit_cooldown_s`.
    """

    max_concurrency: int = 32
    timeout_s: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    circuit_failures: int = 5
    circuit_cooldown_s: float = 30.0
    lease_s: float = 10.0
    claim_poll_s: float = 0.05
    linger_s: float = 5.0

    def __post_init__(self) -> None:
        for name in ("max_concurrency", "circuit_failures", "timeout_s", "lease_s", "claim_poll_s"):
            if getattr(self, name) <= 0:
                raise InvalidInput(f"{name} must be greater than 0, got {getattr(self, name)}")


class Gateway:
    """Shared by all runs of a process. It belongs to the event loop on which it is first asked.

    `rate` are the providers' limits; without it there are none. `counter` is told what is asked,
    `uses` who used which answer.
    """

    def __init__(
        self,
        ledger: PaidLedger,
        route: Route,
        *,
        pricing: Pricing | None = None,
        settings: GatewaySettings | None = None,
        rate: RateLimit | None = None,
        counter: CallCounter | None = None,
        uses: UseBook | None = None,
    ) -> None:
        self.pricing = pricing or Pricing()
        self.settings = settings or GatewaySettings()
        self._ledger = ledger
        self._route = route
        self._rate = rate
        self._counter = counter
        self._uses = UseNotes(uses) if uses is not None else None
        self._holder = uuid.uuid4().hex
        self._jitter = random.Random()  # noqa: S311  # jitter is no secret
        self._accounts: dict[str, Account] = {}
        self._limiters: dict[tuple[str, str | None], AdaptiveLimiter] = {}
        self._pacers: dict[str, Pacer] = {}
        self._transports: dict[ModelRef, Transport] = {}
        self._flights: dict[str, Flight] = {}
        self._unsaved: dict[str, ModelAnswer] = {}
        self._heartbeat: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def session(
        self,
        account: str,
        budget: Budget,
        spend_cap: Budget | None = None,
        control: RunControl | None = None,
        max_age_s: float | None = None,
        *,
        max_in_flight: int = 32,
        models: Sequence[ModelRef] = (),
    ) -> Session:
        """A run's session. `account` is the run's id: what it paid before counts against `spend_cap`.

        It has at most `max_in_flight` calls open at a time, and no more than the gateway. `models` are those
        that the run will use. Answers that are older than `max_age_s` now are asked anew.

        Raises:
            PriceUnknown: a limit in dollars on one of `models` whose price nobody knows.
            StorageFailed: the ledger cannot be read.
        """
        self.pricing.require(models, budget, spend_cap)
        if account not in self._accounts:
            self._accounts[account] = Account(account, self._ledger.spend)
        return Session(
            answer=self._answer,
            require_price=lambda model: self.pricing.require([model], budget, spend_cap),
            new_circuit=self._circuit,
            account=self._accounts[account],
            budget=budget,
            spend_cap=spend_cap,
            control=control or RunControl(),
            max_age_s=max_age_s,
            max_in_flight=min(max_in_flight, self.settings.max_concurrency),
        )

    def check(self, model: ModelRef) -> None:
        """Find out without a call whether `model` can be asked.

        Raises:
            AuthenticationFailed: no key is configured for its provider; the message names the variable.
            ModelNotFound: no transport reaches it.
            InvalidInput: its address is none.
        """
        self._route(model)

    async def aclose(self) -> None:
        """Let calls that are paid for end, within `linger_s`; stop the rest; release connections."""
        tasks = {flight.task for flight in self._flights.values()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self.settings.linger_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        if self._uses is not None:
            await self._uses.flush()
        for transport in {id(t): t for t in self._transports.values()}.values():
            await transport.aclose()
        self._transports.clear()

    # --- one question -----------------------------------------------------------------------------------

    async def _answer(self, session: Session, request: ModelRequest, key: str) -> ModelAnswer:
        """The answer from the ledger, from a flight that is under way, or from one of its own."""
        self._bind()
        while (flight := self._flights.get(key)) is not None:
            await session.wait(flight)
            await asyncio.sleep(0)  # one that has just ended still has to leave
        return await self._ask_first(session, request, key)

    async def _ask_first(self, session: Session, request: ModelRequest, key: str) -> ModelAnswer:
        self._note_use(session, key)
        flight = Flight(key=key, request=request, control=session.control)
        self._flights[key] = flight
        flight.task = asyncio.create_task(self._fly(session, flight))
        flight.task.add_done_callback(lambda task: self._landed(flight, task))
        self._keep_claims()
        try:
            await session.wait(flight)
        except BaseException:
            flight.abandon()
            raise
        return flight.task.result()

    def _note_use(self, session: Session, key: str) -> None:
        if self._uses is not None:
            self._uses.note(session.account.name, key)

    def _landed(self, flight: Flight, task: "asyncio.Task[ModelAnswer]") -> None:
        self._flights.pop(flight.key, None)
        flight.landed()
        if not task.cancelled():
            task.exception()  # whoever waited has raised it; if nobody did, it concerns nobody

    async def _fly(self, session: Session, flight: Flight) -> ModelAnswer:
        await self._save(session, flight)
        while True:
            claim = await self._claimed(session, flight)
            if isinstance(claim, ModelAnswer):
                return self._found(flight, claim)
            try:
                answer = await self._ask_provider(session, flight)
            except ClaimLost:
                continue
            except BaseException:
                with suppress(StorageFailed):  # the claim then ends with its lease
                    await self._ledger.release(claim)
                raise
            return await self._commit(session, flight, answer)

    async def _save(self, session: Session, flight: Flight) -> None:
        """Try again to store an answer that is paid for and that the disk did not take."""
        unsaved = self._unsaved.get(flight.key)
        if unsaved is not None:
            await self._ledger.commit(flight.request, unsaved, max_age_s=session.max_age_s)
            self._unsaved.pop(flight.key, None)

    def _found(self, flight: Flight, answer: ModelAnswer) -> ModelAnswer:
        if self._counter is not None:
            self._counter.found(flight.request.model.name)
        return from_ledger(answer)

    async def _claimed(self, session: Session, flight: Flight) -> Claim | ModelAnswer:
        """The right to ask; or the answer, when another process gave it while this one waited."""
        settings, poll_s = self.settings, self.settings.claim_poll_s
        while True:
            claim = await self._claim(session, flight)
            if claim is not None:
                return claim
            await asyncio.sleep(poll_s)
            poll_s = min(poll_s * 1.5, 10 * settings.claim_poll_s)

    async def _claim(self, session: Session, flight: Flight) -> Claim | ModelAnswer | None:
        """One try. A claim that was being written when nobody wanted it any more is given back: the
        next to ask, in another process perhaps, would have to wait for its lease to run out."""
        asked_at, holder, lease_s = time.monotonic(), self._holder, self.settings.lease_s
        try:
            found = await self._ledger.claim(
                flight.request, holder=holder, lease_s=lease_s, max_age_s=session.max_age_s
            )
        except asyncio.CancelledError:
            with suppress(StorageFailed):
                await self._ledger.release(Claim(key=flight.key, holder=holder, expires_at=0.0))
            raise
        flight.claimed_at = asked_at
        return found

    async def _confirm(self, session: Session, flight: Flight) -> None:
        """Claim again what was claimed a while ago.

        Raises:
            ClaimLost: it is not ours any more.
        """
        if time.monotonic() - flight.claimed_at < self.settings.lease_s / 2:
            return
        if not isinstance(await self._claim(session, flight), Claim):
            raise ClaimLost(flight.key)

    async def _transport(self, model: ModelRef) -> Transport:
        """The model's transport. Its client may take seconds to import, which must not hold up the loop."""
        if model not in self._transports:
            self._transports[model] = await asyncio.to_thread(self._route, model)
        return self._transports[model]

    async def _ask_provider(self, session: Session, flight: Flight) -> ModelAnswer:
        transport = await self._transport(flight.request.model)
        lane = _lane(flight.request.model)
        try:
            async with session.circuit(lane).watch():
                return await self._chain(session, flight, transport).complete(flight.request)
        except RequestRejected as refusal:
            return ModelAnswer(
                text="", finish_reason="other", rejected=str(refusal), cost_usd=0.0, created_at=time.time()
            )

    async def _commit(self, session: Session, flight: Flight, answer: ModelAnswer) -> ModelAnswer:
        try:
            counted = await self._ledger.commit(flight.request, answer, max_age_s=session.max_age_s)
            await flight.settled()
            return counted
        except StorageFailed:
            self._unsaved[flight.key] = answer  # it is paid for: kept until the disk takes it
            raise

    def _chain(self, session: Session, flight: Flight, transport: Transport) -> Transport:
        timed = Timed(transport, self.settings.timeout_s)
        ours = WhileClaimed(timed, lambda: self._confirm(session, flight), flight.depart)
        asked = WhileAnswered(self._limited(ours, flight.request.model), session.refusals)
        placed = Placed(asked, session.places)
        charged = Charged(placed, session.account, session.spend_cap, self.pricing, flight)
        metered: Transport = Metered(Placed(charged, session.turns), self.pricing)
        if self._counter is not None:
            metered = Counted(metered, self._counter)
        return Retried(metered, self.settings.retry, self._jitter)

    def _limited(self, inner: Transport, model: ModelRef) -> Transport:
        limiter, lane = self._limiter(model), self._rate.lane(model) if self._rate is not None else None
        if self._rate is None or lane is None:
            return Limited(inner, limiter)
        pacer = self._pacers.setdefault(lane, Pacer(lane, self._rate))
        return Paced(inner, limiter, pacer)

    # --- shared parts -----------------------------------------------------------------------------------

    def _limiter(self, model: ModelRef) -> AdaptiveLimiter:
        lane = _lane(model)
        if lane not in self._limiters:
            self._limiters[lane] = AdaptiveLimiter(
                self.settings.max_concurrency, longest_pause_s=self.settings.retry.longest_retry_after_s
            )
        return self._limiters[lane]

    def _circuit(self) -> Circuit:
        return Circuit(
            most_failures=self.settings.circuit_failures,
            cooldown_s=self.settings.circuit_cooldown_s,
            clock=time.monotonic,
        )

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("a gateway belongs to one event loop; ask through its BackgroundLoop")

    def _keep_claims(self) -> None:
        if self._heartbeat is None or self._heartbeat.done():
            self._heartbeat = asyncio.create_task(self._renew_claims())

    async def _renew_claims(self) -> None:
        while self._flights:
            await asyncio.sleep(self.settings.lease_s / 3)
            with suppress(StorageFailed):  # the flights meet the same fault, and report it
                keys = tuple(self._flights)
                await self._ledger.renew(keys, holder=self._holder, lease_s=self.settings.lease_s)


def _lane(model: ModelRef) -> tuple[str, str | None]:
    """Provider and address: what one rate limit covers. A process has one key for each."""
    return model.name.partition("/")[0], model.api_base

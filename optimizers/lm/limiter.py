"""How many calls a provider gets at once: as many as it takes, found by trying.

Additive increase, multiplicative decrease (Chiu and Jain 1989, as in TCP): a 429 halves the limit,
each success raises it by 1/limit. A Retry-After holds back every call to that provider.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from optimizers.errors import (
    AuthenticationFailed,
    ConcordError,
    InvalidInput,
    ModelNotFound,
    ProviderUnavailable,
)
from optimizers.protocols import Transport
from optimizers.types import ModelAnswer, ModelRef, ModelRequest


class AdaptiveLimiter:
    """One provider's gate; it belongs to one event loop. The limit stays in [1, `most`].

    `longest_pause_s` caps what a provider can ask for with Retry-After.
    """

    def __init__(self, most: int, *, longest_pause_s: float = 30.0) -> None:
        if most < 1:
            raise InvalidInput(f"max_concurrency must be 1 or more, got {most}")
        self._most = most
        self._longest_pause_s = longest_pause_s
        self._limit = float(most)
        self._generation = 0
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = -math.inf
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """How many are."""
        return self._in_flight

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a place and hold it. What the call inside raises or not adapts the limit."""
        await self._enter()
        generation = self._generation
        try:
            yield
        except ProviderUnavailable as trouble:
            if trouble.rate_limited:
                self._throttled(generation, trouble.retry_after_s)
            raise
        else:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        finally:
            self._in_flight -= 1
            self._admit()

    async def _enter(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._waiting and self._in_flight < self.limit and loop.time() >= self._paused_until:
            self._in_flight += 1
            return
        place: asyncio.Future[None] = loop.create_future()
        self._waiting.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was given a place and cannot take it
                self._in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._waiting and now < self._paused_until:
            self._wake_at(self._paused_until)
            return
        while self._waiting and self._in_flight < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self._in_flight += 1
                place.set_result(None)

    def _wake_at(self, when: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(when, self._admit)

    def _throttled(self, generation: int, retry_after_s: float | None) -> None:
        if generation == self._generation:  # those sent before the last cut say nothing new
            self._generation += 1
            self._limit = max(1.0, self._limit / 2)
        if retry_after_s is not None:
            pause_s = min(retry_after_s, self._longest_pause_s)
            self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + pause_s)


class Placed:
    """A transport that takes one of `places`, which a run's calls share."""

    def __init__(self, inner: Transport, places: asyncio.Semaphore) -> None:
        self._inner = inner
        self._places = places

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` once there is a place."""
        async with self._places:
            return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()


class WhileAnswered:
    """A transport that gives up on a model of which the provider answers no question: calls that were
    waiting for their place would only hear the same. `refusals` belongs to a run, by model."""

    def __init__(self, inner: Transport, refusals: dict[ModelRef, ConcordError]) -> None:
        self._inner = inner
        self._refusals = refusals

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`.

        Raises: AuthenticationFailed, ModelNotFound: also where an earlier call had to.
        """
        if refusal := self._refusals.get(request.model):
            raise refusal
        try:
            return await self._inner.complete(request)
        except (AuthenticationFailed, ModelNotFound) as refusal:
            self._refusals[request.model] = refusal
            raise

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()


class Limited:
    """A transport behind a limiter: each attempt takes a place, none is held while a retry waits."""

    def __init__(self, inner: Transport, limiter: AdaptiveLimiter) -> None:
        self._inner = inner
        self._limiter = limiter

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` once there is a place."""
        async with self._limiter.slot():
            return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

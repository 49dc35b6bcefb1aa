"""A provider's limits in front of its calls: each waits its turn before it takes a place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from optimizers.lm.limiter import AdaptiveLimiter
from optimizers.lm.meter import reports_usage
from optimizers.lm.tokens import expected_tokens
from optimizers.protocols import RateLimit, Transport
from optimizers.types import ModelAnswer, ModelRequest


class Pacer:
    """One lane's queue in this process; it belongs to one event loop.

    Only the first in the queue has booked a moment to leave. So a process that dies, or a run that is
    stopped, leaves at most one booking unused, and several processes take turns.
    """

    def __init__(self, lane: str, rate: RateLimit) -> None:
        self._lane = lane
        self._rate = rate
        self._turn = asyncio.Lock()
        self._owed_tokens = 0

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[None]:
        """Wait until a call of `tokens` may leave; nobody else's turn comes until the block has ended."""
        async with self._turn:
            due = tokens + self._owed_tokens
            self._owed_tokens = min(due, 0)
            await asyncio.sleep(await self._rate.acquire(self._lane, max(due, 0)))
            yield

    def correct(self, expected: int, taken: int) -> None:
        """A call took `taken` tokens: the next ones are booked with the difference."""
        self._owed_tokens += taken - expected


class Paced:
    """A transport behind a lane's limits and a limiter. A call that waits for its turn holds no place;
    at most one of a process, whose turn has come, waits for a place with its turn in hand."""

    def __init__(self, inner: Transport, limiter: AdaptiveLimiter, pacer: Pacer) -> None:
        self._inner = inner
        self._limiter = limiter
        self._pacer = pacer

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` when its turn has come and there is a place."""
        expected = expected_tokens(request)
        async with AsyncExitStack() as held:
            async with self._pacer.turn(expected):
                await held.enter_async_context(self._limiter.slot())
            answer = await self._inner.complete(request)
        if reports_usage(answer):
            self._pacer.correct(expected, answer.prompt_tokens + answer.completion_tokens)
        return answer

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

"""Adaptive concurrency: halved by a 429, raised by successes, within bounds."""

import asyncio
import contextlib

import pytest

from optimizers.errors import InvalidInput, ProviderUnavailable
from optimizers.lm.limiter import AdaptiveLimiter

TOO_MANY = ProviderUnavailable("429", rate_limited=True, charged=False)


async def fail(limiter: AdaptiveLimiter, trouble: ProviderUnavailable = TOO_MANY) -> None:
    with contextlib.suppress(ProviderUnavailable):
        async with limiter.slot():
            raise trouble


async def succeed(limiter: AdaptiveLimiter) -> None:
    async with limiter.slot():
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_are_in_flight() -> None:
    limiter, most = AdaptiveLimiter(4), 0

    async def call() -> None:
        nonlocal most
        async with limiter.slot():
            most = max(most, limiter.in_flight)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(call() for _ in range(40)))
    assert most == 4
    assert limiter.in_flight == 0


async def test_a_429_halves_the_limit() -> None:
    limiter = AdaptiveLimiter(32)
    await fail(limiter)
    assert limiter.limit == 16


async def test_the_limit_never_falls_below_one() -> None:
    limiter = AdaptiveLimiter(8)
    for _ in range(10):
        await fail(limiter)
    assert limiter.limit == 1
    await succeed(limiter)


async def test_one_burst_of_429s_halves_the_limit_once() -> None:
    limiter, gate = AdaptiveLimiter(32), asyncio.Event()

    async def call() -> None:
        with contextlib.suppress(ProviderUnavailable):
            async with limiter.slot():
                await gate.wait()
                raise TOO_MANY

    calls = [asyncio.create_task(call()) for _ in range(32)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*calls)
    assert limiter.limit == 16


async def test_successes_bring_the_limit_back_and_not_beyond() -> None:
    limiter = AdaptiveLimiter(8)
    await fail(limiter)
    for _ in range(100):
        await succeed(limiter)
    assert limiter.limit == 8


async def test_a_500_does_not_change_the_limit() -> None:
    limiter = AdaptiveLimiter(8)
    await fail(limiter, ProviderUnavailable("500"))
    assert limiter.limit == 8


async def test_a_retry_after_holds_everybody_back() -> None:
    limiter = AdaptiveLimiter(8)
    await fail(limiter, ProviderUnavailable("429", rate_limited=True, retry_after_s=0.05))
    started = asyncio.get_running_loop().time()
    await asyncio.gather(succeed(limiter), succeed(limiter))
    assert asyncio.get_running_loop().time() - started >= 0.04


async def test_an_hour_of_retry_after_is_capped() -> None:
    limiter = AdaptiveLimiter(8, longest_pause_s=0.01)
    await fail(limiter, ProviderUnavailable("429", rate_limited=True, retry_after_s=3600))
    await asyncio.wait_for(succeed(limiter), timeout=5)


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    limiter = AdaptiveLimiter(1)
    async with limiter.slot():
        waiting = [asyncio.create_task(succeed(limiter)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.gather(*waiting[1:])
    assert limiter.in_flight == 0


async def test_who_is_cancelled_as_a_place_comes_free_passes_it_on() -> None:
    limiter = AdaptiveLimiter(1)
    async with limiter.slot():
        first, second = (asyncio.create_task(succeed(limiter)) for _ in range(2))
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(second, timeout=5)
    assert limiter.in_flight == 0


def test_no_concurrency_is_refused() -> None:
    with pytest.raises(InvalidInput, match="got 0"):
        AdaptiveLimiter(0)

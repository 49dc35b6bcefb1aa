"""The event loop in a thread."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future, wait

import pytest

from optimizers.errors import RunCancelled
from optimizers.lm.loop import BackgroundLoop


async def where() -> int:
    return threading.get_ident()


def test_coroutines_run_in_another_thread_always_the_same() -> None:
    with BackgroundLoop() as loop:
        assert loop.run(where()) == loop.run(where()) != threading.get_ident()


def test_what_a_coroutine_raises_is_raised_orders_included() -> None:
    async def stop() -> None:
        raise RunCancelled("enough")

    with BackgroundLoop() as loop:
        with pytest.raises(RunCancelled, match="enough"):
            loop.run(stop())
        assert loop.run(where())


def test_many_threads_share_it() -> None:
    found: list[int] = []
    with BackgroundLoop() as loop:
        threads = [threading.Thread(target=lambda: found.append(loop.run(where()))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_its_own_thread_cannot_wait_for_it() -> None:
    loop = BackgroundLoop()

    async def inner() -> None:
        loop.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="own thread"):
        loop.run(inner())
    loop.close()


def test_closing_cancels_what_still_runs() -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    loop = BackgroundLoop()
    loop.submit(forever())
    loop.run(asyncio.sleep(0))
    loop.close()
    assert ended.wait(timeout=5)
    with pytest.raises(RuntimeError, match="closed"):
        loop.run(where())


def test_who_gives_up_cancels_its_coroutine() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with BackgroundLoop() as loop:
        future = loop.submit(forever())
        loop.run(asyncio.sleep(0))
        future.cancel()
        assert cancelled.wait(timeout=5)


def test_nobody_waits_for_ever_who_hands_in_work_as_it_closes() -> None:
    for _ in range(50):
        handed_in: list[Future[int]] = []
        loop = BackgroundLoop()
        loop.run(where())
        threads = [threading.Thread(target=_hand_in, args=(loop, handed_in)) for _ in range(4)]
        for thread in threads:
            thread.start()
        loop.close()
        for thread in threads:
            thread.join()
        assert not wait(handed_in, timeout=5).not_done


def _hand_in(loop: BackgroundLoop, handed_in: "list[Future[int]]") -> None:
    with contextlib.suppress(RuntimeError):
        while True:
            handed_in.append(loop.submit(where()))

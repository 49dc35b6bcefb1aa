"""Model calls under way at the same moment: all of them succeed, or the first to fail ends the rest."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from optimizers.errors import AuthenticationFailed, ModelNotFound, RunStopped, StorageFailed

T = TypeVar("T")


async def all_or_none(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run `works` together; their results in order. The first that raises ends the others before its
    exception goes on, so that nothing is asked, and paid, for a batch that has failed.

    A task group would wrap the exception, and an order to stop must arrive as what it is. Where
    several raise, orders go first, then what explains most.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return []
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        lost = any(task.cancelled() for task in done)
    finally:
        for task in tasks:
            task.cancel()
        raised = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [
        fault
        for fault in raised
        if isinstance(fault, BaseException) and not isinstance(fault, asyncio.CancelledError)
    ]
    if faults:
        raise min(faults, key=_urgency)
    if lost:
        raise asyncio.CancelledError  # from within a call: there is no result of it
    return [task.result() for task in tasks]


_URGENCY: tuple[type[BaseException], ...] = (
    RunStopped,
    AuthenticationFailed,
    ModelNotFound,
    StorageFailed,
    BaseException,
)


def _urgency(fault: BaseException) -> int:
    return next(rank for rank, kind in enumerate(_URGENCY) if isinstance(fault, kind))

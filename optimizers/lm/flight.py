"""One question on its way: asked once, however many wait for the answer."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from optimizers.errors import RunCancelled, StorageFailed
from optimizers.lm.control import RunControl
from optimizers.types import ModelAnswer, ModelRequest, Usage


@dataclass(eq=False, kw_only=True, slots=True)
class Flight:
    """A question, who asks it first, and how far it is.

    Whoever asks first pays. When they stop waiting, a call that has not left is dropped; one that has
    left goes on, so that an answer that is paid for is kept. `claimed_at` is when its claim was last
    known to be good, in seconds of the monotonic clock.
    """

    key: str
    request: ModelRequest
    control: RunControl
    task: "asyncio.Task[ModelAnswer]" = field(init=False)
    claimed_at: float = 0.0
    waiting: "set[asyncio.Future[None]]" = field(default_factory=set)
    _departed: bool = False
    _abandoned: bool = False
    _settling: "asyncio.Future[Usage] | None" = None

    def landed(self) -> None:
        """It has ended, however it did: all who wait for it may look."""
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)

    @property
    def departed(self) -> bool:
        """Whether the call may be with the provider."""
        return self._departed

    def depart(self) -> None:
        """The call leaves.

        Raises:
            RunStopped: nobody wants it any more.
        """
        self.control.check()
        if self._abandoned:
            raise RunCancelled("nobody waits for this answer any more")
        self._departed = True

    def back(self) -> None:
        """The call failed; whether another one follows is open."""
        self._departed = False

    def settles(self, settling: "asyncio.Future[Usage]") -> None:
        """The call has its answer, and is being settled."""
        self._settling = settling

    async def settled(self) -> None:
        """Wait until the call is settled. One that cannot be stays charged in full, and its answer must
        not be lost over that."""
        if self._settling is not None:
            with suppress(StorageFailed):
                await self._settling

    def abandon(self) -> None:
        """Whoever asked first does not wait any more."""
        self._abandoned = True
        if not self._departed:
            self.task.cancel()

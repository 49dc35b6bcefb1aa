"""The last look before a call leaves: is the question still ours, and does anybody still want the answer?

A call can wait for long: for a place, for its turn, for a retry. Claims of a live process are renewed
meanwhile; but a process that was frozen wakes with claims that others have taken over and answered.
"""

from collections.abc import Awaitable, Callable

from optimizers.protocols import Transport
from optimizers.types import ModelAnswer, ModelRequest


class ClaimLost(Exception):  # a fact, which sends the question back to the ledger
    """Somebody else asks the question, or has answered it."""


class WhileClaimed:
    """A transport that is asked only while the question is ours and wanted: `confirm` raises where it is not
    ours, `depart`, which is told that the call leaves, where nobody wants it."""

    def __init__(
        self, inner: Transport, confirm: Callable[[], Awaitable[None]], depart: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._confirm = confirm
        self._depart = depart

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`.

        Raises:
            ClaimLost, RunStopped: it was not asked.
        """
        await self._confirm()
        self._depart()
        return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

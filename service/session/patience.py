"""Wrong keys are answered slowly, so that guessing takes longer than anybody has."""

import anyio

from service.errors import TooManyGuesses

HOLD_S = 0.5
AT_ONCE = 8
MOST_WAITING = 1_000


class Patience:
    """A line for the answers to wrong keys: at most `at_once` of them every `hold_s` seconds leave it.

    A right key never waits. Where `most_waiting` stand in line, no key is looked at any more: whoever is
    signed in works on, and memory stays bounded.
    """

    def __init__(
        self, *, hold_s: float = HOLD_S, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING
    ) -> None:
        self._hold_s = hold_s
        self._at_once = anyio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._waiting = 0

    def require_room(self) -> None:
        """Before a key is looked at.

        Raises:
            TooManyGuesses: the line is full.
        """
        if self._waiting >= self._most_waiting:
            raise TooManyGuesses("too many wrong keys are being tried; try again in a minute")

    async def hold(self) -> None:
        """After a wrong key, before it is answered."""
        self._waiting += 1
        try:
            async with self._at_once:
                await anyio.sleep(self._hold_s)
        finally:
            self._waiting -= 1

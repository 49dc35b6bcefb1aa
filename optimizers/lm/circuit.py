"""Stops asking a provider that answers nobody, so that 500 rows do not each wait through their retries."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from optimizers.errors import ProviderUnavailable


class Circuit:
    """Fails requests at once after `most_failures` in a row failed for good.

    After `cooldown_s` one request is let through: its success closes the circuit, its failure starts
    the cool-down anew. `clock` gives seconds.
    """

    def __init__(self, *, most_failures: int, cooldown_s: float, clock: Callable[[], float]) -> None:
        self._most = most_failures
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._last = ""

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Hold one request, with all its retries; what it raises or not counts.

        Raises:
            ProviderUnavailable: at once, while the provider is taken for down.
        """
        self._check()
        try:
            yield
        except ProviderUnavailable as trouble:
            self._failed += 1
            self._last = str(trouble)
            self._open_until = self._clock() + self._cooldown_s
            raise
        self._failed = 0

    def _check(self) -> None:
        if self._failed < self._most:
            return
        now = self._clock()
        if now < self._open_until:
            raise ProviderUnavailable(
                f"not asked again yet: {self._failed} requests in a row failed after all retries; "
                f"last: {self._last}",
                retry_after_s=self._open_until - now,
                charged=False,
            )
        self._open_until = now + self._cooldown_s  # this request is the probe; the others wait for it

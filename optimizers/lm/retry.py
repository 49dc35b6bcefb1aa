"""Another try after a transient failure: exponential backoff with full jitter, Retry-After capped.

Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): the wait before try n is
uniform in [0, min(longest, first * 2**n)].
"""

import asyncio
import random
from dataclasses import dataclass

from optimizers.errors import InvalidInput, ProviderUnavailable
from optimizers.protocols import Transport
from optimizers.types import ModelAnswer, ModelRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often and how patiently. Times in seconds.

    Raises:
        InvalidInput: no attempt is allowed, or a time is negative.
    """

    max_attempts: int = 5
    first_backoff_s: float = 0.5
    longest_backoff_s: float = 30.0
    longest_retry_after_s: float = 30.0

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise InvalidInput(f"max_attempts must be 1 or more, got {self.max_attempts}")
        for name in ("first_backoff_s", "longest_backoff_s", "longest_retry_after_s"):
            if getattr(self, name) < 0:
                raise InvalidInput(f"{name} must be 0 or more, got {getattr(self, name)}")

    def wait_s(self, failures: int, trouble: ProviderUnavailable, chance: float) -> float:
        """How long to wait after the `failures`-th failure; `chance` is uniform in [0, 1)."""
        backoff_s = chance * min(self.longest_backoff_s, self.first_backoff_s * 2.0 ** (failures - 1))
        advice_s = min(trouble.retry_after_s or 0.0, self.longest_retry_after_s)
        return max(backoff_s, advice_s)


class Retried:
    """A transport that tries again while the provider is unavailable; the last failure is raised.

    `jitter` needs no seed: it changes when a call is made, never what it asks or answers.
    """

    def __init__(self, inner: Transport, policy: RetryPolicy, jitter: random.Random) -> None:
        self._inner = inner
        self._policy = policy
        self._jitter = jitter

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`, at the latest with the last attempt."""
        for failures in range(1, self._policy.max_attempts):
            try:
                return await self._inner.complete(request)
            except ProviderUnavailable as trouble:
                wait_s = self._policy.wait_s(failures, trouble, self._jitter.random())
            await asyncio.sleep(wait_s)
        return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

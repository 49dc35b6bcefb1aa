"""What a call took: its time is bounded and measured, its tokens are counted, its price is recorded."""

import asyncio
import time
from dataclasses import replace

from optimizers.errors import ProviderUnavailable
from optimizers.lm.pricing import Pricing
from optimizers.lm.tokens import estimated_tokens
from optimizers.protocols import Transport
from optimizers.types import ModelAnswer, ModelRequest


class Timed:
    """A transport that answers within `timeout_s` seconds or fails, and says how long it took."""

    def __init__(self, inner: Transport, timeout_s: float) -> None:
        self._inner = inner
        self._timeout_s = timeout_s

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` with `latency_ms` set."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._inner.complete(request)
        except TimeoutError:
            raise ProviderUnavailable(
                f"{request.model.name}: no answer within {self._timeout_s:g} s"
            ) from None
        return replace(answer, latency_ms=(time.perf_counter() - started) * 1000)

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()


class Metered:
    """A transport whose answers carry tokens, price and date.

    Tokens are estimated where the provider reports none. Where nobody gave or lists a price, the
    transport may state one; else it is `None`.
    """

    def __init__(self, inner: Transport, pricing: Pricing) -> None:
        self._inner = inner
        self._pricing = pricing

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` with tokens, `cost_usd` and `created_at` set."""
        answer = await self._inner.complete(request)
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        if not reports_usage(answer):
            prompt, completion = estimated_tokens(request, answer)
        price = self._pricing.price(request.model)
        return replace(
            answer,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=price.cost_usd(prompt, completion) if price is not None else answer.cost_usd,
            created_at=time.time(),
        )

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()


def reports_usage(answer: ModelAnswer) -> bool:
    """Whether the provider said how many tokens the call took."""
    return answer.prompt_tokens > 0 or answer.completion_tokens > 0

"""LiteLLM as a transport, for providers that DSPy's native client does not know.

DSPy imports it when such a model is first asked; that takes seconds.
"""

import asyncio
import os
from collections.abc import Callable

from dspy.clients._litellm import get_litellm
from dspy.clients.engines.litellm_engine import AsyncLiteLLMEngine
from dspy.lm15 import LM15Error

from optimizers.errors import ProviderUnavailable, RequestRejected
from optimizers.lm.transports.conversation import answer, question
from optimizers.lm.transports.failures import Redacted, failure
from optimizers.types import ModelAnswer, ModelRef, ModelRequest


class LitellmTransport:
    """One provider by DSPy's own LiteLLM engine: one attempt a call, no cache, no telemetry.

    `keys` is asked for `<PROVIDER>_API_KEY`. Providers that sign in otherwise find their own way.
    """

    def __init__(
        self, model: ModelRef, keys: Callable[[str], str | None], *, timeout_s: float = 120.0
    ) -> None:
        self._provider = model.name.partition("/")[0]
        key = keys(f"{self._provider.upper()}_API_KEY")
        self._redacted = Redacted(key)
        self._engine = AsyncLiteLLMEngine(api_key=key, timeout=timeout_s)

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` with one call.

        Raises: AuthenticationFailed, ModelNotFound, RequestRejected, ProviderUnavailable.
        """
        name = request.model.name
        try:
            asked = question(request, name)
        except (LM15Error, TypeError, ValueError) as error:
            raise RequestRejected(self._redacted(f"{name} cannot be asked this: {error}")) from None
        await asyncio.to_thread(_prepare)
        try:
            return answer(await self._engine.complete(asked), self._provider)
        except LM15Error as error:
            raise failure(error, name, self._redacted) from None
        except Exception as error:  # LiteLLM raises what each provider's code happens to raise
            message = f"{name}: {type(error).__name__}: {error}"
            raise ProviderUnavailable(self._redacted(message)) from None

    async def aclose(self) -> None:
        """End the engine. LiteLLM's connections are shared by the process."""
        await self._engine.aclose()


def _prepare() -> None:
    # LiteLLM reads this when it is imported, and fetches its price list from the net without it.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    get_litellm(feature="models that only LiteLLM reaches")

"""Counts what is asked of models, for whoever watches the whole: no run depends on it."""

from typing import Protocol

from optimizers.errors import (
    AuthenticationFailed,
    ModelNotFound,
    ProviderUnavailable,
    RequestRejected,
)
from optimizers.protocols import Transport
from optimizers.types import ModelAnswer, ModelRequest


class CallCounter(Protocol):
    """Is told of each attempt to ask a model, and of each answer that was in the ledger. Any thread."""

    def attempted(self, model: str, outcome: str, *, again: bool, answer: ModelAnswer | None) -> None:
        """An attempt has ended; `again` if the same question was tried before. `outcome` is `answered`,
        `rate_limited`, `unavailable`, `rejected`, `unauthenticated` or `unknown_model`."""
        ...

    def found(self, model: str) -> None:
        """The ledger had the answer."""
        ...


class Counted:
    """A transport, made for one question, that tells `counter` of each attempt."""

    def __init__(self, inner: Transport, counter: CallCounter) -> None:
        self._inner = inner
        self._counter = counter
        self._attempts = 0

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`. A call that was stopped before it left is none."""
        self._attempts += 1
        try:
            answer = await self._inner.complete(request)
        except (AuthenticationFailed, ModelNotFound, ProviderUnavailable, RequestRejected) as error:
            self._tell(request, _outcome(error), None)
            raise
        self._tell(request, "answered", answer)
        return answer

    async def aclose(self) -> None:
        """Release connections."""
        await self._inner.aclose()

    def _tell(self, request: ModelRequest, outcome: str, answer: ModelAnswer | None) -> None:
        self._counter.attempted(request.model.name, outcome, again=self._attempts > 1, answer=answer)


def _outcome(error: Exception) -> str:
    match error:
        case ProviderUnavailable():
            return "rate_limited" if error.rate_limited else "unavailable"
        case AuthenticationFailed():
            return "unauthenticated"
        case ModelNotFound():
            return "unknown_model"
        case _:
            return "rejected"

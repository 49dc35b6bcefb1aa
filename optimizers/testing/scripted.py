"""A model that is a function: for tests, so that nothing of our own is patched."""

import threading
from collections.abc import Callable

from optimizers.types import ModelAnswer, ModelRequest

Script = Callable[[ModelRequest], str]


class ScriptedModel:
    """Answers by `script`, and keeps every request. A language model and a transport in one.

    Tokens are words, a call costs nothing. Safe to ask from several threads. `before` runs ahead of
    each answer with the number of the call, from 1; what it raises is what the caller gets.
    """

    def __init__(self, script: Script, before: Callable[[int], None] | None = None) -> None:
        self._script = script
        self._before = before
        self._lock = threading.Lock()
        self._requests: list[ModelRequest] = []

    @property
    def requests(self) -> tuple[ModelRequest, ...]:
        """Everything that was asked, in order of arrival."""
        with self._lock:
            return tuple(self._requests)

    @property
    def calls(self) -> int:
        """How many requests came in."""
        return len(self.requests)

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Answer as a language model does."""
        with self._lock:
            self._requests.append(request)
            number = len(self._requests)
        if self._before is not None:
            self._before(number)
        text = self._script(request)
        return ModelAnswer(
            text=text,
            prompt_tokens=sum(len(message.content.split()) for message in request.messages),
            completion_tokens=len(text.split()),
            cost_usd=0.0,
        )

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer as a transport does."""
        return await self.ask(request)

    async def aclose(self) -> None:
        """Nothing is held."""

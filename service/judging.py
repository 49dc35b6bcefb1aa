"""Judging within a request: short work, which would wait too long behind runs in a worker.

The API process stays light: gateway and clients are opened when somebody first judges, and answers
come from the same ledger as a run's.
"""

import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request

from optimizers.artifact import Artifact
from optimizers.types import Budget, Evaluation, Example, Usage
from service.composition import open_service_gateway
from service.settings import Settings

if TYPE_CHECKING:
    from optimizers.lm.gateway import Gateway
    from optimizers.lm.gateway import Session as Asking
    from optimizers.lm.loop import BackgroundLoop

T = TypeVar("T")

ACCOUNT = "requests"
"""What judging by request is charged to."""


class Judging:
    """Judges with artifacts, from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._parts: tuple[Gateway, BackgroundLoop] | None = None

    def judge(self, artifact: Artifact, examples: Sequence[Example], *, account: str = ACCOUNT) -> Evaluation:
        """The judge's outcomes on `examples`, in their order; the answers count as used by `account`.
        Raises as `judge_with` does."""
        from optimizers.artifact_judge import judge_with  # noqa: PLC0415  # see above

        gateway, loop = self._gateway()
        session = gateway.session(account, Budget(), max_in_flight=self._settings.max_in_flight)
        return loop.run(judge_with(artifact, examples, session, abreast=session.abreast))

    def converse(self, work: "Callable[[Asking], Coroutine[Any, Any, T]]") -> tuple[T, Usage]:
        """What comes of asking a model by `work`, and what it took. Raises as `work` does."""
        gateway, loop = self._gateway()
        session = gateway.session(ACCOUNT, Budget(), max_in_flight=self._settings.max_in_flight)
        return loop.run(work(session)), session.usage

    def close(self) -> None:
        """Release what was opened."""
        with self._lock:
            self._open.close()
            self._parts = None

    def _gateway(self) -> "tuple[Gateway, BackgroundLoop]":
        with self._lock:
            if self._parts is None:
                self._parts = self._open.enter_context(open_service_gateway(self._settings))
            return self._parts


def _judging(request: Request) -> Judging:
    judging: Judging = request.app.state.judging
    return judging


JudgingDep = Annotated[Judging, Depends(_judging)]

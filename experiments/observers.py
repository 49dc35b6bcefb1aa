"""Who is told about a run: any number of observers, none of whom can stop it."""

import logging
from collections.abc import Callable

from optimizers.protocols import Observer
from optimizers.types import Trial, Usage

_log = logging.getLogger(__name__)


class Observers:
    """Tells each of several observers, in order; one that fails is logged and told again next time."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def trial(self, trial: Trial) -> None:
        """A candidate has been measured."""
        self._tell(lambda observer: observer.trial(trial))

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        """`done` of `total` judgements of `phase` are there."""
        self._tell(lambda observer: observer.progress(phase, done, total, usage))

    def _tell(self, say: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            try:
                say(observer)
            except Exception:  # an observer has no say in the run
                _log.exception("observer %s failed", type(observer).__name__)

"""What Ctrl-C means while models are asked."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from optimizers.lm.control import RunControl


@contextmanager
def interrupts(control: RunControl) -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel in order; a second Ctrl-C ends at once."""

    def cancel(number: int, _frame: FrameType | None) -> None:
        control.cancel()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

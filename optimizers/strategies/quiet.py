"""Silence for libraries that print: progress bars and notes of one thread go nowhere."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TextIO, cast

_silenced: ContextVar[bool] = ContextVar("silenced", default=False)
_lock = threading.Lock()
_holders = 0


class _Hush:
    """A text stream that passes on what other threads write and drops what a silenced one does."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return len(text) if _silenced.get() else self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what this thread prints; DSPy logs to the same streams.

    `contextlib.redirect_stdout` would silence the whole process; here other threads print as before.
    """
    _install()
    token = _silenced.set(True)
    try:
        yield
    finally:
        _silenced.reset(token)
        _uninstall()


def _install() -> None:
    global _holders  # noqa: PLW0603  # one count for the process, as its streams are
    with _lock:
        _holders += 1
        if _holders > 1:
            return
        sys.stdout, sys.stderr = (cast("TextIO", _Hush(stream)) for stream in (sys.stdout, sys.stderr))


def _uninstall() -> None:
    global _holders  # noqa: PLW0603
    with _lock:
        _holders -= 1
        if _holders > 0:
            return
        # Whoever replaced a stream meanwhile keeps it.
        if isinstance(sys.stdout, _Hush):
            sys.stdout = sys.stdout.stream
        if isinstance(sys.stderr, _Hush):
            sys.stderr = sys.stderr.stream

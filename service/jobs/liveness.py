"""A sure sign of death, sooner than a lease: the kernel frees a dead process's file lock at once.

It tells only about workers of the same data folder; of others, and where the system has no such
locks, the lease alone decides. A frozen process keeps its lock.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class LifeSign:
    """A lock file, held for as long as this process lives."""

    def __init__(self, folder: Path, worker_id: str) -> None:
        self._path = _path(folder, worker_id)
        self._file: IO[bytes] | None = None

    def show(self) -> None:
        """Take the lock. A disk that refuses it only makes others wait for the lease."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
            if not _lock(self._file):
                self.withdraw()

    def withdraw(self) -> None:
        """Remove the file: this worker has gone in an orderly way."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def is_surely_dead(folder: Path, worker_id: str) -> bool:
    """Whether the worker's process has ended; false where that cannot be known."""
    try:
        with _path(folder, worker_id).open("rb") as file:
            return _lock(file)
    except OSError:
        return False


def forget(folder: Path, worker_id: str) -> None:
    """Remove what a dead worker left."""
    with suppress(OSError):
        _path(folder, worker_id).unlink(missing_ok=True)


def _path(folder: Path, worker_id: str) -> Path:
    return folder / f"{worker_id}.lock"


def _lock(file: IO[bytes]) -> bool:
    """Whether the lock was free; it is then ours until the file is closed."""
    if fcntl is None or os.name != "posix":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

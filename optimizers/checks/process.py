"""One worker process: started when it is needed, asked, and gone where it was stopped."""

import os
import selectors
import signal
import subprocess
import sys

from optimizers.checks.orders import READY
from optimizers.errors import ChecksUnavailable

START_S = 30.0
WALL_S = 30.0
"""Seconds without an answer after which a process is given up, however little it computed."""

_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""What the process sees of the environment: no credential."""


class Worker:
    """A process that evaluates checks, of `cpu_s` seconds an evaluation and `memory_bytes` in all.

    Used by one thread at a time.
    """

    def __init__(self, cpu_s: float, memory_bytes: int) -> None:
        self._cpu_s = cpu_s
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def ask(self, order: bytes, answers: int) -> tuple[list[bytes], str | None]:
        """The answers to `order`, up to `answers` lines; where there are fewer, why the process stopped.

        Raises:
            ChecksUnavailable: the process does not start.
        """
        process = self._process or self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(order)
            process.stdin.flush()
            lines = self._read(process, answers, WALL_S)
        except BrokenPipeError:
            lines = []
        except BaseException:
            self.close()  # an answer under way would be taken for that to the next order
            raise
        return lines, None if len(lines) == answers else self._stopped()

    def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process, self._unread = self._process, None, b""
        if process is None:
            return
        process.kill()
        with process:  # closes its pipes and waits for it
            pass

    def _started(self) -> subprocess.Popen[bytes]:
        # `-P`: a folder named like one of ours where the process starts must not take its place.
        command = (sys.executable, "-P", "-m", "optimizers.checks.worker")
        self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            [*command, str(self._cpu_s), str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )
        if self._read(self._process, 1, START_S) != [READY.rstrip()]:
            self.close()
            raise ChecksUnavailable("the process that evaluates code checks does not start")
        return self._process

    def _read(self, process: subprocess.Popen[bytes], wanted: int, patience_s: float) -> list[bytes]:
        """Up to `wanted` lines; fewer where the process ends, or says nothing for too long."""
        assert process.stdout is not None
        lines: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while len(lines) < wanted and selector.select(patience_s):
                chunk = os.read(process.stdout.fileno(), 65_536)
                if not chunk:
                    break
                *whole, self._unread = (self._unread + chunk).split(b"\n")
                lines += whole
        return lines

    def _stopped(self) -> str:
        """Why the process said no more."""
        assert self._process is not None
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code is None:
            return f"it did not answer within {WALL_S:g} s"
        if code == -signal.SIGPROF:
            return f"it took more than {self._cpu_s:g} s"
        return "it needed too much memory"

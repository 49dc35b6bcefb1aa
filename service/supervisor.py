"""Keeps a few child processes running, and ends all of them together."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

from service.lifeline import LIFELINE_VARIABLE

NOT_WORTH_A_RESTART = 2
"""The exit code of a command that was called or configured wrongly: it would fail again."""

LOG_BYTES = 10 * 1024 * 1024
TAIL_LINES = 15
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One child. `ready` is asked until it says yes; without it a process that keeps running is ready.

    `stops_last` keeps it up until the others, who may still need it, have ended.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    stops_last: bool = False


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Times in seconds.

    A child that dies within `instant_s` of its start, `instant_deaths` times in a row, is given up. Before
    each restart there is a pause that doubles from `first_pause_s` to at most `longest_pause_s`. One that
    cannot be asked is ready after `settled_s`. On a stop each gets `grace_s` before it is killed.
    """

    instant_s: float = 5.0
    instant_deaths: int = 5
    first_pause_s: float = 0.5
    longest_pause_s: float = 10.0
    settled_s: float = 1.0
    grace_s: float = 12.0
    ready_within_s: float = 300.0


class GivenUp(Exception):
    """A part cannot be kept running. The message says which, and shows the end of its log."""


class _Child:
    """A part with its present process, its log file and the last lines of it."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part = part
        self.process: asyncio.subprocess.Process | None = None
        self.began = 0.0
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.log_path = folder / f"{part.name}.log"
        self.log = RotatingFileHandler(self.log_path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        """Signal the child's whole process group, or what is left of it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def drain(self, echo: Callable[[str], None] | None) -> None:
        """Copy the process's output into the log, until it closes it."""
        assert self.process is not None
        assert self.process.stdout is not None
        while chunk := await _read_line(self.process.stdout):
            line = _COLOURS.sub("", chunk.decode("utf-8", "replace").rstrip("\n"))
            self.tail.append(line)
            self.log.emit(logging.LogRecord(self.part.name, logging.INFO, "", 0, "%s", (line,), None))
            if echo is not None:
                echo(f"{self.part.name:>7} | {line}")


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """A line, or a piece of one that is too long to be held."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)


class Supervisor:
    """Runs `parts` until a signal comes or one of them is given up.

    Each child leads a process group of its own, so that Ctrl-C in a terminal reaches the supervisor
    alone and it decides the order. `tell` gets one line for each event, `echo` each line of output.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        log_folder: Path,
        *,
        tell: Callable[[str], None],
        echo: Callable[[str], None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        self._children = [_Child(part, log_folder) for part in parts]
        self._tell = tell
        self._echo = echo
        self._patience = patience or Patience()
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start all, call `on_ready` when all are ready, and return after an orderly stop by signal.

        Raises: GivenUp, after everything has been stopped.
        """
        read_end, write_end = os.pipe()
        stop = asyncio.Event()
        try:
            with _signals_to(self._on_signal, stop):
                await self._run_until(stop, read_end, on_ready)
        finally:
            os.close(write_end)
            os.close(read_end)
            for child in self._children:
                child.log.close()

    def _on_signal(self, stop: asyncio.Event) -> None:
        """The first signal asks for an orderly stop, a second one does not wait for it."""
        if stop.is_set():
            for child in self._children:
                child.signal(signal.SIGKILL)
        stop.set()

    async def _run_until(self, stop: asyncio.Event, lifeline: int, on_ready: Callable[[], None]) -> None:
        self._keepers = {
            child.part.name: asyncio.create_task(self._keep(child, lifeline, stop))
            for child in self._children
        }
        readiness = asyncio.create_task(self._await_ready(on_ready))
        for task in (readiness, *self._keepers.values()):
            task.add_done_callback(lambda done: stop.set() if _failed(done) else None)
        await stop.wait()
        readiness.cancel()
        results = await asyncio.gather(readiness, *self._keepers.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    # --- one child --------------------------------------------------------------------------------

    async def _keep(self, child: _Child, lifeline: int, stop: asyncio.Event) -> None:
        """Start the child again whenever it ends, with growing pauses, until `stop`."""
        deaths, patience = 0, self._patience
        while not stop.is_set():
            child.began = time.monotonic()
            code = await self._live(child, lifeline, stop)
            if stop.is_set():
                return
            deaths = deaths + 1 if time.monotonic() - child.began < patience.instant_s else 0
            if code == NOT_WORTH_A_RESTART or deaths >= patience.instant_deaths:
                raise GivenUp(_last_words(child, code, deaths))
            pause_s = min(patience.longest_pause_s, patience.first_pause_s * 2 ** max(0, deaths - 1))
            self._tell(f"{child.part.name} ended ({describe_exit(code)}); starting it again in {pause_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def _live(self, child: _Child, lifeline: int, stop: asyncio.Event) -> int:
        """One life of a child, ended by itself or by `stop`: its exit code, negative for a signal."""
        child.process = process = await self._start(child, lifeline)
        exited = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stop.wait())
        draining = asyncio.create_task(child.drain(self._echo))
        await asyncio.wait({exited, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not exited.done():
            await self._end(child, exited)
        code = await exited
        child.signal(signal.SIGKILL)  # what it started itself, and left behind
        await asyncio.wait({draining}, timeout=1.0)
        stopping.cancel()
        draining.cancel()
        return code

    async def _start(self, child: _Child, lifeline: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *child.part.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **child.part.environment, LIFELINE_VARIABLE: str(lifeline)},
            pass_fds=(lifeline,),
            process_group=0,
        )

    async def _end(self, child: _Child, exited: "asyncio.Task[int]") -> None:
        """Ask the child to end, in its turn; kill it when its time is up."""
        if child.part.stops_last:
            before = {self._keepers[c.part.name] for c in self._children if not c.part.stops_last}
            if before:
                await asyncio.wait(before)
        child.signal(signal.SIGTERM)
        await asyncio.wait({exited}, timeout=self._patience.grace_s)
        if not exited.done():
            self._tell(f"{child.part.name} did not end within {self._patience.grace_s:g} s; killing it")
            child.signal(signal.SIGKILL)

    # --- all of them ------------------------------------------------------------------------------

    async def _await_ready(self, on_ready: Callable[[], None]) -> None:
        deadline = time.monotonic() + self._patience.ready_within_s
        for child in self._children:
            while not await self._is_ready(child):
                if time.monotonic() > deadline:
                    seconds = self._patience.ready_within_s
                    raise GivenUp(f"{child.part.name} is not ready after {seconds:g} s\n{_tail(child)}")
                await asyncio.sleep(0.1)
        on_ready()

    async def _is_ready(self, child: _Child) -> bool:
        if child.process is None or child.process.returncode is not None:
            return False
        if child.part.ready is None:
            return time.monotonic() - child.began > self._patience.settled_s
        return await asyncio.to_thread(child.part.ready)


def _failed(task: "asyncio.Task[None]") -> bool:
    return not task.cancelled() and task.exception() is not None


@contextlib.contextmanager
def _signals_to(handler: Callable[[asyncio.Event], None], stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, handler, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 1`, `killed by SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def _last_words(child: _Child, code: int, deaths: int) -> str:
    how = (
        describe_exit(code) if deaths < 2 else f"{describe_exit(code)}, {deaths} times right after its start"
    )
    return f"{child.part.name} cannot be kept running ({how}).\n{_tail(child)}"


def _tail(child: _Child) -> str:
    lines = "\n".join(f"  {line}" for line in child.tail) or "  (it said nothing)"
    return f"The end of {child.log_path}:\n{lines}"

"""Evaluating code checks in processes of their own, bounded in time and memory."""

import contextlib
import json
import queue
import weakref
from collections.abc import Iterator, Sequence

from optimizers.checks.limits import check_limits
from optimizers.checks.orders import cell_of, evaluate_order, verify_order
from optimizers.checks.process import Worker
from optimizers.errors import CheckRefused
from optimizers.types import Example, Failure, FailureKind, Label, Outcome, Verdict

CPU_S = 0.25
"""CPU time for one evaluation; a sane one takes some microseconds."""

MEMORY_BYTES = 512 * 1024 * 1024
"""Address space of a process, the interpreter included."""

MOST_STOPS = 3
"""Rows on which a check may be stopped before its other rows are not tried any more."""

LONGEST_ROW = 2_000_000
"""Characters of input and output together that a check is evaluated on."""

_BATCH_CHARACTERS = 4_000_000


class CheckRunner:
    """Verifies expressions and evaluates them on rows.

    Safe to use from several threads; each evaluation holds one of `workers` processes, which start when
    they are first needed, are used again, and end with the runner. A process that takes too long or too
    much is killed, and only the row that it was busy with is lost.
    """

    def __init__(self, *, workers: int = 1, cpu_s: float = CPU_S, memory_bytes: int = MEMORY_BYTES) -> None:
        own = [Worker(cpu_s, memory_bytes) for _ in range(workers)]
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in own:
            self._free.put(worker)
        self._closed = weakref.finalize(self, _close, own)

    def close(self) -> None:
        """End the processes."""
        self._closed()

    def verify(self, expression: str) -> None:
        """Refuse an expression that cannot be a check.

        Raises:
            CheckRefused: it does not compile, is too large, is not true or false, has no value for any
                sample, or takes too much time or memory.
            ChecksUnavailable: checks cannot be evaluated here.
        """
        check_limits(expression)
        with self._worker() as worker:
            answers, stopped = worker.ask(verify_order(expression), 1)
        if stopped is not None:
            raise CheckRefused(expression, line=1, column=1, reason=stopped)
        if found := json.loads(answers[0]):
            raise CheckRefused(expression, **found)

    def evaluate(self, expression: str, examples: Sequence[Example]) -> tuple[Outcome, ...]:
        """The outcome of each of `examples`, in their order: a verdict, or a failure of the kind `check`
        where the expression has no value for it or was stopped.

        Raises:
            ChecksUnavailable: checks cannot be evaluated here.
        """
        found: list[Outcome] = []
        stops = 0
        while len(found) < len(examples):
            if stops == MOST_STOPS:
                reason = f"not tried: it was stopped on {stops} rows before"
                return (*found, *[_failure(reason)] * (len(examples) - len(found)))
            batch = _batch(examples[len(found) :])
            if not batch:
                found.append(_failure(f"the row has more than {LONGEST_ROW} characters"))
                continue
            with self._worker() as worker:
                lines, stopped = worker.ask(evaluate_order(expression, batch), len(batch))
            found += [_outcome(cell_of(line)) for line in lines]
            if stopped is not None:
                stops += 1
                found.append(_failure(stopped))
        return tuple(found)

    @contextlib.contextmanager
    def _worker(self) -> Iterator[Worker]:
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)


def _close(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.close()


def _batch(examples: Sequence[Example]) -> list[tuple[str, str]]:
    """The first rows, as many as go together; none where the first is too long."""
    batch: list[tuple[str, str]] = []
    size = 0
    for example in examples:
        own = len(example.input) + len(example.output)
        size += own
        if own > LONGEST_ROW or size > _BATCH_CHARACTERS:
            break
        batch.append((example.input, example.output))
    return batch


def _outcome(cell: bool | str) -> Outcome:
    if isinstance(cell, str):
        return _failure(cell)
    return Verdict(label=Label.PASS if cell else Label.FAIL)


def _failure(reason: str) -> Failure:
    return Failure(kind=FailureKind.CHECK, message=reason)

"""Everything that the core raises.

::

    ConcordError
    ├── InvalidInput                a value that the caller can correct
    │   ├── DatasetRejected         rows of a file, each with line, column, value and what is allowed
    │   ├── NotEnoughLabels         too few labels, or too few of one class
    │   ├── CorrectionRefused       a judge no better than chance: its rates correct nothing
    │   ├── BudgetTooSmall          the final test (or the baseline) does not fit
    │   ├── CheckRefused            a code check that cannot be used, with position and reason
    │   ├── SelectionInfeasible     no set of assertions meets the bounds: which, and what can be had
    │   └── PriceUnknown            a dollar limit on a model whose price nobody gave
    ├── ProviderError               the model's provider
    │   ├── AuthenticationFailed    401, 403, no key: no row can be judged
    │   ├── ModelNotFound           the provider has no such model
    │   ├── RequestRejected         4xx: this one request can never be answered
    │   ├── ProviderUnavailable     429, 5xx, hangs, cut bodies: worth another try
    │   └── AnswerUnusable          an answer of which nothing that was asked for can be read
    ├── ChecksUnavailable           the process that evaluates code checks does not start
    ├── StorageFailed               the disk or the database refused a write
    └── ArtifactInvalid             a judge file that cannot be read

    RunStopped (BaseException)      control flow, not a fault: DSPy swallows plain exceptions
    ├── RunCancelled                by hand; takes effect at once
    ├── RunPaused                   spend cap, provider outage, or by hand; resumable
    ├── RunFailed                   carries an error that no further call can mend past DSPy
    └── BudgetExhausted             ends the search; the run succeeds with what it has
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ConcordError(Exception):
    """Base of all errors that the core raises on purpose."""


class InvalidInput(ConcordError, ValueError):
    """A value is not allowed. The message names it, its value and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    """What is wrong with one row of a dataset.

    `line` counts from 1 in the file that was sent (the header is line 1), or is the row's
    1-based position in a JSON body.
    """

    line: int
    column: str
    value: str
    message: str
    allowed: str

    def __str__(self) -> str:
        where = f"line {self.line}"
        if self.column:
            where += f", column {self.column!r}"
        if self.value:  # as it is shown: what cannot be printed has been escaped by the reader
            where += ", value '" + self.value.replace("\n", "\\n") + "'"
        return f"{where}: {self.message} (allowed: {self.allowed})"


class DatasetRejected(InvalidInput):
    """Rows of a dataset are not usable. `problems` holds the first 100 of `total`."""

    def __init__(self, problems: Sequence[RowProblem], total: int | None = None) -> None:
        self.problems = tuple(problems[:100])
        self.total = len(problems) if total is None else total
        super().__init__(f"{self.total} row problem(s); first: {self.problems[0]}")


class NotEnoughLabels(InvalidInput):
    """The gate of an evaluation (20 labels) or a run (50, at least 10 a class) is not met.

    `missing` says how many labels of which kind are still needed, for example
    `{"labels": 12, "fail": 3}`.
    """

    def __init__(self, message: str, missing: dict[str, int]) -> None:
        self.missing = missing
        super().__init__(message)


class CorrectionRefused(InvalidInput):
    """A judge with sensitivity + specificity <= 1 is no better than chance: no rate can be corrected by it.

    `sensitivity` was measured on `bad` labelled rows, `specificity` on `good` ones; both are in [0, 1].
    """

    def __init__(self, sensitivity: float, specificity: float, bad: int, good: int) -> None:
        self.sensitivity, self.specificity = sensitivity, specificity
        self.bad, self.good = bad, good
        super().__init__(
            "sensitivity + specificity must be above 1, got "
            f"{sensitivity:.3f} (of {bad} bad rows) + {specificity:.3f} (of {good} good rows)"
        )


class BudgetTooSmall(InvalidInput):
    """The budget cannot pay the calls that a run must make. `needed_calls` is the least that can."""

    def __init__(self, message: str, needed_calls: int) -> None:
        self.needed_calls = needed_calls
        super().__init__(message)


class CheckRefused(InvalidInput):
    """A code check that cannot be used. `line` and `column` count from 1; `reason` says why."""

    def __init__(self, expression: str, *, line: int, column: int, reason: str) -> None:
        self.expression = expression
        self.line = line
        self.column = column
        self.reason = reason
        super().__init__(f"the check is refused at line {line}, column {column}: {reason}")


class SelectionInfeasible(InvalidInput):
    """No set of assertions meets the bounds. `bound` names the one that cannot be met (`coverage`,
    `false_failure_rate`), `reachable` the best value that can be had while the other one holds."""

    def __init__(self, message: str, *, bound: str, reachable: float) -> None:
        self.bound = bound
        self.reachable = reachable
        super().__init__(message)


class PriceUnknown(InvalidInput):
    """A limit in dollars was set for a model without a known price."""


class ProviderError(ConcordError):
    """The provider of a model did not answer as asked. Never a score."""


class AuthenticationFailed(ProviderError):
    """The key is missing, wrong or lacks access. No row can be judged with it."""


class ModelNotFound(ProviderError):
    """The provider has no model of this name, or no transport reaches it."""


class RequestRejected(ProviderError):
    """The provider will never answer this one request (too long, filtered, malformed)."""


class ProviderUnavailable(ProviderError):
    """A transient failure: 429, 5xx, a timeout, a cut or empty body.

    `retry_after_s` is the provider's own advice in seconds, if it gave one. `charged` is false
    where the provider surely did no work (429, refused connection).
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        rate_limited: bool = False,
        charged: bool = True,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.rate_limited = rate_limited
        self.charged = charged
        super().__init__(message)


class AnswerUnusable(ProviderError):
    """A model answered, also when it was asked again, and nothing that was asked for can be read of it.

    `wanted` says what was asked for, `answer` is how the answer begins.
    """

    def __init__(self, wanted: str, answer: str) -> None:
        self.wanted = wanted
        self.answer = answer
        found = f"it begins: {answer!r}" if answer else "it is empty"
        super().__init__(f"the model's answer holds no {wanted} that can be read; {found}")


class ChecksUnavailable(ConcordError):
    """The process in which code checks are evaluated does not start. No check can be evaluated."""


class StorageFailed(ConcordError):
    """A write was refused (disk full, database gone). What was committed before is safe."""


class ArtifactInvalid(ConcordError, ValueError):
    """A judge file has the wrong version, an unknown part or a digest that does not fit."""


class PauseReason(StrEnum):
    """Why a run waits. Each is resumable without paying for anything twice."""

    SPEND_CAP = "spend_cap"
    PROVIDER = "provider"
    STORAGE = "storage"
    BY_HAND = "by_hand"


class RunStopped(BaseException):
    """Base of the orders that end a search from within a model call."""


class RunCancelled(RunStopped):
    """Somebody cancelled the run. No new call starts after this."""


class RunPaused(RunStopped):
    """The run cannot go on now. Everything that was answered is kept."""

    def __init__(self, reason: PauseReason, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(message)


class RunFailed(RunStopped):
    """No further call of the run can succeed. `error` says why; whoever runs DSPy raises it again."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(str(error))


class BudgetExhausted(RunStopped):
    """The budget has no room for the calls asked for."""

"""One judge over many rows: concurrent, bounded, every outcome typed, the result in row order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from optimizers.errors import (
    InvalidInput,
    PauseReason,
    ProviderUnavailable,
    RequestRejected,
    RunPaused,
)
from optimizers.protocols import LanguageModel
from optimizers.reading import REJECTED
from optimizers.template import AS_WRITTEN, PromptTemplate, check_example
from optimizers.together import all_or_none
from optimizers.types import (
    DecisionRule,
    Evaluation,
    Example,
    Failure,
    FailureKind,
    ModelRef,
    ModelRequest,
    Outcome,
    Usage,
)
from optimizers.usage import total

Progress = Callable[[int, int, Usage], None]

LEAST_REJECTED = 5
PROBE_ROWS = 50
"""It counts as a wrong request, not as bad luck, that each of the first fifty rows was rejected, or
each of all rows where these are five at least."""

LEAST_OUTAGE = 8
"""Rows without an answer, one after the other, after which no further row is asked."""

PROGRESS_INTERVAL_S = 0.2
_ROWS_AT_A_STRETCH = 64  # answers may come without a wait; others on the loop must get their turn


@dataclass(frozen=True, kw_only=True)
class PromptedJudge:
    """A judge that is one prompt: a template, a model, a rule."""

    template: PromptTemplate
    model: ModelRef
    lm: LanguageModel
    decision: DecisionRule = AS_WRITTEN

    async def judge(self, example: Example) -> Outcome:
        """A verdict, or a failure as a value; trouble with the provider is a failure too.

        Raises:
            InvalidInput: a text of the row cannot be sent.
            AuthenticationFailed, ModelNotFound, StorageFailed: no row can be judged.
            RunStopped: the run was ended.
        """
        request = ModelRequest(
            model=self.model, messages=self.template.fill(example), decoding=self.template.decoding
        )
        try:
            answer = await self.lm.ask(request)
        except ProviderUnavailable as error:
            return Failure(kind=FailureKind.PROVIDER, message=str(error))
        except RequestRejected as error:
            return Failure(kind=FailureKind.REFUSED, message=f"{REJECTED}: {error}")
        return self.template.read(answer, self.decision)


async def evaluate(  # noqa: PLR0913  # what is judged, by whom, and how: all by keyword
    template: PromptTemplate,
    examples: Sequence[Example],
    lm: LanguageModel,
    *,
    candidate_id: str,
    model: ModelRef,
    decision: DecisionRule = AS_WRITTEN,
    abreast: int = 32,
    on_progress: Progress | None = None,
    canary: bool = True,
    probes: int = PROBE_ROWS,
) -> Evaluation:
    """Judge `examples` with one prompt.

    With `canary` the first row goes alone, so that a wrong key costs one call; a caller that has seen
    the model answer saves the wait without it. No row follows the first `probes` before one of them is
    accepted; a caller that has seen this prompt accepted saves that wait with 0. `abreast` rows are under
    way at a time. Outcomes stand in the order of `examples` and do not depend on the order of arrival.
    `on_progress(done, total, usage)` is told at most a few times a second, and at the end.

    Raises:
        InvalidInput: ids repeat, or a row cannot be sent; nothing has been asked then.
        AuthenticationFailed, ModelNotFound, StorageFailed: at once.
        RequestRejected: the provider rejected each of the first fifty rows, or each of five or more.
        RunPaused: the provider failed on a row after all retries. What was answered is kept where the
            language model keeps it, so that another try pays only for the rest.
        RunStopped: as the language model raised it; no further row is asked.
    """
    judge = PromptedJudge(template=template, model=model, lm=lm, decision=decision)
    outcomes = await judge_all(
        judge.judge, examples, abreast=abreast, on_progress=on_progress, canary=canary, probes=probes
    )
    usage = total(outcome.usage for outcome in outcomes.values())
    return Evaluation(candidate_id=candidate_id, outcomes=outcomes, usage=usage)


async def judge_all(
    judge: Callable[[Example], Awaitable[Outcome]],
    examples: Sequence[Example],
    *,
    abreast: int = 32,
    on_progress: Progress | None = None,
    canary: bool = True,
    probes: int = PROBE_ROWS,
) -> dict[str, Outcome]:
    """The outcomes of `examples` by id, in their order. Raises as `evaluate` does, except that rejected
    rows end it only where all of the first `probes` are; with 0 each is that row's outcome."""
    if abreast < 1:
        raise InvalidInput(f"abreast must be 1 or more, got {abreast}")
    _check(examples)
    pass_ = _Pass(
        judge=judge,
        total=len(examples),
        patience=max(LEAST_OUTAGE, abreast),
        on_progress=on_progress,
        probes=probes,
    )
    rows = iter(enumerate(examples))
    if canary:
        await pass_.first(rows)
    await all_or_none([pass_.work(rows) for _ in range(min(abreast, len(examples)))])
    pass_.conclude()
    return {example.id: pass_.outcomes[example.id] for example in examples}


def _check(examples: Sequence[Example]) -> None:
    seen = set()
    for example in examples:
        if example.id in seen:
            raise InvalidInput(f"example ids must be unique, got {example.id!r} twice")
        seen.add(example.id)
        check_example(example)


@dataclass(kw_only=True)
class _Pass:
    """The state of one pass over the rows."""

    judge: Callable[[Example], Awaitable[Outcome]]
    total: int
    patience: int  # rows in a row without an answer that are too many
    on_progress: Progress | None
    probes: int  # first rows that must not all be rejected
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    silent: int = 0  # rows without an answer since the last one with
    rejected: int = 0  # of the first rows
    accepted: asyncio.Event = field(default_factory=asyncio.Event)  # a row that was not rejected
    over: bool = False  # a worker has raised: no further row is asked
    told_at: float = float("-inf")

    async def first(self, rows: Iterator[tuple[int, Example]]) -> None:
        """Judge one row alone. Without an answer there is no point in asking for the others."""
        for row, example in rows:
            self._record(row, example.id, await self.judge(example))
            if self.silent:
                raise self._outage()
            return

    async def work(self, rows: Iterator[tuple[int, Example]]) -> None:
        """Judge rows, one at a time, until none is left or a worker has raised."""
        for count, (row, example) in enumerate(rows, start=1):
            if self.over:
                return
            if self.probes and row >= self.probes:
                await self.accepted.wait()
            try:
                self._record(row, example.id, await self.judge(example))
            except BaseException:
                self.over = True
                raise
            if count % _ROWS_AT_A_STRETCH == 0:
                await asyncio.sleep(0)

    def _record(self, row: int, example_id: str, outcome: Outcome) -> None:
        self.outcomes[example_id] = outcome
        self.usage += outcome.usage
        out = isinstance(outcome, Failure) and outcome.kind is FailureKind.PROVIDER
        self.silent = self.silent + 1 if out else 0
        if self.silent >= self.patience:
            raise self._outage()
        if not (isinstance(outcome, Failure) and outcome.message.startswith(REJECTED)):
            self.accepted.set()
        elif row < self.probes:
            self._rejected(outcome)
        self._tell()

    def _rejected(self, failure: Failure) -> None:
        """Count it; raise where the request itself must be wrong. Which rows are asked and counted then
        depends on their order alone, so that neither result nor cost depends on the order of arrival."""
        self.rejected += 1
        if self.rejected == min(self.probes, self.total) >= LEAST_REJECTED:
            raise RequestRejected(f"all of the first {self.rejected} rows were rejected; {failure.message}")

    def _tell(self) -> None:
        if self.on_progress is None:
            return
        now, done = asyncio.get_running_loop().time(), len(self.outcomes)
        if done == self.total or now - self.told_at >= PROGRESS_INTERVAL_S:
            self.told_at = now
            self.on_progress(done, self.total, self.usage)

    def conclude(self) -> None:
        """Refuse a result in which a row has no outcome of the judge."""
        if self._unanswered():
            raise self._outage()

    def _unanswered(self) -> list[str]:
        failures = (outcome for outcome in self.outcomes.values() if isinstance(outcome, Failure))
        return [failure.message for failure in failures if failure.kind is FailureKind.PROVIDER]

    def _outage(self) -> RunPaused:
        failed = self._unanswered()
        answered = len(self.outcomes) - len(failed)
        return RunPaused(
            PauseReason.PROVIDER,
            f"the provider failed on {len(failed)} of {self.total} rows after all retries ({answered} are "
            f"answered and kept); last: {failed[-1]}",
        )

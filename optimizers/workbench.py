"""What a strategy works with: evaluation, proposals, chance and budget, behind one object.

The (candidate x example) matrix of outcomes is the object of a search. Nothing in it is asked twice;
new cells are asked for in batches, and the budget is required before each batch (a barrier), so that
what a run can afford never depends on the order in which answers arrive.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from optimizers.errors import BudgetExhausted, PauseReason, ProviderUnavailable, RunPaused
from optimizers.judging import Judging
from optimizers.kappa import Confusion, cohen_kappa, confusion
from optimizers.protocols import Observer, Problem
from optimizers.selection import winner
from optimizers.together import all_or_none
from optimizers.types import (
    Candidate,
    Decoding,
    Evaluation,
    LabelledExample,
    Message,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Trial,
    Usage,
)

if TYPE_CHECKING:
    import dspy

    from optimizers.lm.gateway import Session
    from optimizers.lm.loop import BackgroundLoop

JUDGE_DECODING = Decoding()
PROPOSER_DECODING = Decoding(temperature=1.0, max_tokens=4096)
"""Proposals want variety; which ones a run got is in the ledger, so a repeat gets the same."""

_LONGEST_SEARCH = 100_000
"""Calls: what a search without a budget is reckoned to last at most, where a bar needs an end."""


class Silent:
    """An observer that does nothing."""

    def trial(self, trial: Trial) -> None:
        """Ignore it."""

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        """Ignore it."""


class Workbench:
    """One search over one problem. Synchronous; model calls run on the background loop.

    `final_rows` is how many rows the final test has, for whose price room is kept; it sees none of them.

    Not thread-safe: a run uses one workbench from one thread.
    """

    def __init__(  # noqa: PLR0913  # collaborators and plain values, all by name
        self,
        problem: Problem,
        *,
        judge_model: ModelRef,
        proposer_model: ModelRef,
        session: "Session",
        loop: "BackgroundLoop",
        observer: Observer | None = None,
        decoding: Decoding = JUDGE_DECODING,
        proposer_decoding: Decoding = PROPOSER_DECODING,
        final_rows: int = 0,
    ) -> None:
        self.problem = problem
        self.judge_model = judge_model
        self.proposer_model = proposer_model
        self.decoding = decoding
        self.proposer_decoding = proposer_decoding
        self._session = session
        self._loop = loop
        self._observer = observer or Silent()
        self._judging = Judging(problem.criterion, judge_model, decoding, session, loop)
        self._final_rows = final_rows
        self._final_calls_per_row = 1
        self._accounted = session.usage
        self._trials: list[Trial] = []
        self.ran_short = False

    # --- evaluation ---------------------------------------------------------------------------------

    def evaluate(self, candidate: Candidate, examples: Sequence[LabelledExample] | None = None) -> Evaluation:
        """The candidate's outcomes on `examples` (default: all of dev), in their order.

        Only cells that the matrix lacks are asked for. `usage` is what these judgements take,
        whether they were asked for now or before.

        Raises:
            BudgetExhausted: the budget has no room for the cells that are missing.
            RunPaused, RunCancelled: see `RunStopped`; what was answered is in the ledger.
            AuthenticationFailed, ModelNotFound, RequestRejected: no row can be judged.
        """
        rows = self.problem.dev if examples is None else examples
        return self.evaluate_each([candidate], rows)[0]

    def evaluate_each(
        self, candidates: Sequence[Candidate], examples: Sequence[LabelledExample]
    ) -> tuple[Evaluation, ...]:
        """The outcomes of several candidates on the same `examples`; see `evaluate_pairs`."""
        return self.evaluate_pairs([(candidate, examples) for candidate in candidates])

    def evaluate_pairs(
        self, pairs: Sequence[tuple[Candidate, Sequence[LabelledExample]]]
    ) -> tuple[Evaluation, ...]:
        """The outcomes of several candidates, each on its own examples, asked for together.

        Raises as `evaluate` does; `BudgetExhausted` before any of it is asked.
        """
        self._fill(pairs)
        return tuple(self.known(candidate, examples) for candidate, examples in pairs)

    def measure(self, candidate: Candidate, parent: Candidate | None = None, origin: str = "") -> Trial:
        """The candidate's complete trial: evaluated on all of dev, recorded, told to the observer.

        A candidate that has a complete trial keeps it. `origin` says how it was found.

        Raises:
            BudgetExhausted: the budget has no room for it, or for its final test if it should win.
        """
        found = self.trial_of(candidate)
        if found is not None and found.complete:
            return found
        self._set_aside(candidate)
        self._fill([(candidate, self.problem.dev)])
        return self.record(candidate, parent=parent, origin=origin)

    def record(self, candidate: Candidate, parent: Candidate | None = None, origin: str = "") -> Trial:
        """A trial from what the matrix holds of the candidate on dev: complete if that is all rows.

        Its `usage` is what the run took since the trial before, so that those of all trials add up.
        """
        now = self._session.usage
        evaluation = self.known(candidate, self.problem.dev)
        trial = Trial(
            number=len(self._trials),
            candidate=candidate,
            evaluation=evaluation,
            kappa=cohen_kappa(self.confusion(evaluation, self.problem.dev)),
            complete=len(evaluation.outcomes) == len(self.problem.dev),
            parent_id=parent.id if parent is not None else None,
            origin=origin,
            usage=_since(self._accounted, now),
        )
        self._accounted = now
        self._trials.append(trial)
        self._observer.trial(trial)
        return trial

    def missing(self, candidate: Candidate, examples: Sequence[LabelledExample] | None = None) -> int:
        """How many calls it takes to evaluate the candidate on `examples` (default: all of dev)."""
        rows = self.problem.dev if examples is None else examples
        return self._judging.missing(candidate, rows)

    def known(self, candidate: Candidate, examples: Sequence[LabelledExample] | None = None) -> Evaluation:
        """What the matrix holds of the candidate on `examples` (default: all of dev), without a call."""
        rows = self.problem.dev if examples is None else examples
        return self._judging.known(candidate, rows)

    def confusion(self, evaluation: Evaluation, examples: Iterable[LabelledExample]) -> Confusion:
        """The evaluation against the labels of those of `examples` that it covers."""
        rows = [row for row in examples if row.id in evaluation.outcomes]
        return confusion([row.label for row in rows], evaluation.judged([row.id for row in rows]))

    def price(self, candidate: Candidate) -> int:
        """How many calls its complete trial takes, and its final test beyond what is set aside for one:
        a set of assertions takes several calls a row."""
        return self.missing(candidate) + self.more_in_final(candidate.calls_per_row)

    def affordable_per_row(self, at_most: int, share: float) -> int:
        """How many calls a row, 1 to `at_most`, a candidate may take whose final test should take no more
        than `share` of the budget's room beyond what is set aside."""
        if not self._final_rows:
            return at_most
        more = int(share * self.room(_LONGEST_SEARCH)) // self._final_rows
        return min(at_most, self._final_calls_per_row + more)

    def more_in_final(self, calls_per_row: int) -> int:
        """Calls that the final test of a candidate with so many a row takes beyond what is set aside."""
        return self._final_rows * max(0, calls_per_row - self._final_calls_per_row)

    def _set_aside(self, candidate: Candidate) -> None:
        """Keep room for the candidate's final test, beside the baseline's."""
        if not (more := self.more_in_final(candidate.calls_per_row)):
            return
        if not self._session.affordable(more):
            raise BudgetExhausted(f"the budget has no room for the {more} more calls of its final test")
        self._final_calls_per_row = candidate.calls_per_row
        self._session.reserve_final(self._final_rows * (1 + self._final_calls_per_row))

    def _fill(self, wanted: Sequence[tuple[Candidate, Sequence[LabelledExample]]]) -> None:
        phase = self._phase(sum(self.missing(candidate, rows) for candidate, rows in wanted))
        self._judging.fill(wanted, partial(self._progress, *phase))

    def _phase(self, asked: int) -> tuple[str, int, int]:
        """What a batch belongs to, the judgements before it, and those that the phase may come to."""
        if not self._trials:
            return "baseline", self._judging.judged, self._judging.judged + asked
        return "search", self._judging.judged, self._judging.judged + self.room(_LONGEST_SEARCH)

    def _progress(self, phase: str, before: int, total: int, done: int, *_: object) -> None:
        self._observer.progress(phase, before + done, max(total, before + done), self._session.usage)

    # --- results ------------------------------------------------------------------------------------

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Everything recorded so far, by number."""
        return tuple(self._trials)

    @property
    def best(self) -> Trial | None:
        """The trial that would win now; its kappa never falls."""
        return winner(self._trials)

    def trial_of(self, candidate: Candidate) -> Trial | None:
        """The trial of this prompt and rule, a complete one rather than a partial one."""
        prompt = self._judging.prompt_id(candidate)
        own = [
            trial
            for trial in self._trials
            if trial.candidate.decision == candidate.decision
            and self._judging.prompt_id(trial.candidate) == prompt
        ]
        return max(own, key=lambda trial: (trial.complete, trial.number), default=None)

    # --- budget and chance --------------------------------------------------------------------------

    @property
    def usage(self) -> Usage:
        """What the run has taken so far, by the recorded price of every logical call."""
        return self._session.usage

    def affordable(self, calls: int) -> bool:
        """Whether the budget, less what is reserved for the final test, has room for `calls`. A no is
        kept in `ran_short`: a strategy that hears one leaves out what it would have tried."""
        enough = self._session.affordable(calls)
        self.ran_short = self.ran_short or not enough
        return enough

    def room(self, at_most: int) -> int:
        """How many calls, up to `at_most`, the budget has room for."""
        low, high = 0, at_most
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._session.affordable(middle) else (low, middle - 1)
        return low

    def rng(self, name: str) -> np.random.Generator:
        """A generator that depends on the problem's seed and `name` alone, from its start."""
        return np.random.default_rng(self.seed(name))

    def seed(self, name: str) -> int:
        """A seed in [0, 2**31) for whoever needs a number, from the problem's seed and `name`."""
        text = f"{self.problem.seed}/{name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1

    # --- proposals ----------------------------------------------------------------------------------

    def ask_proposer(self, messages: Sequence[Message], sample: int = 0) -> str:
        """The proposer's answer; empty where it refuses. `sample` tells equal questions apart."""
        return self.ask_proposer_each([messages], sample=sample)[0]

    def ask_proposer_each(self, questions: Sequence[Sequence[Message]], sample: int = 0) -> tuple[str, ...]:
        """Answers to several questions, asked together, in their order.

        Raises:
            BudgetExhausted: the budget has no room for all of them; none is asked.
            RunPaused: the provider is out of service.
        """
        if not questions:
            return ()
        self._session.require(len(questions))
        requests = [
            ModelRequest(
                model=self.proposer_model,
                messages=tuple(messages),
                decoding=self.proposer_decoding,
                sample=sample,
            )
            for messages in questions
        ]
        return tuple(answer.text for answer in self._loop.run(self._ask(requests)))

    async def _ask(self, requests: Sequence[ModelRequest]) -> list[ModelAnswer]:
        turns = asyncio.Semaphore(self._session.abreast)

        async def ask(request: ModelRequest) -> ModelAnswer:
            async with turns:
                return await self._session.ask(request)

        try:
            return await all_or_none([ask(request) for request in requests])
        except ProviderUnavailable as trouble:
            raise RunPaused(PauseReason.PROVIDER, str(trouble)) from trouble

    # --- for DSPy's own optimizers --------------------------------------------------------------------

    def judge_lm(self) -> "dspy.LM":
        """The judge's model as DSPy calls it, through the same gateway, ledger and budget."""
        return self._dspy_lm(self.judge_model, self.decoding, "judge")

    def proposer_lm(self) -> "dspy.LM":
        """The proposer's model as DSPy calls it, through the same gateway, ledger and budget."""
        return self._dspy_lm(self.proposer_model, self.proposer_decoding, "proposer")

    def _dspy_lm(self, model: ModelRef, decoding: Decoding, purpose: str) -> "dspy.LM":
        # DSPy takes seconds to import and only its own optimizers need it here.
        from optimizers.lm.engine import dspy_lm  # noqa: PLC0415

        return dspy_lm(self._session, self._loop, model, decoding, purpose=purpose)


def _since(before: Usage, now: Usage) -> Usage:
    """What was taken between two readings of a running total."""
    known = before.cost_usd is not None and now.cost_usd is not None
    return Usage(
        calls=now.calls - before.calls,
        cached_calls=now.cached_calls - before.cached_calls,
        prompt_tokens=now.prompt_tokens - before.prompt_tokens,
        completion_tokens=now.completion_tokens - before.completion_tokens,
        cost_usd=(now.cost_usd or 0.0) - (before.cost_usd or 0.0) if known else None,
        latency_ms=now.latency_ms - before.latency_ms,
    )

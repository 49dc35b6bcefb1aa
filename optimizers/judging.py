"""Filling the verdict matrix: each prompt is asked about each row once in a run, in batches.

The budget is required before a batch (a barrier), so that what a run can afford never depends on the
order in which answers arrive. A set of assertions is asked through its members' cells, those of a plain
judge each, and only on rows that what is known does not decide; its checks cost nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from optimizers.checks import CheckRunner
from optimizers.errors import RequestRejected
from optimizers.evaluate import Progress, evaluate
from optimizers.matrix import VerdictMatrix
from optimizers.protocols import LanguageModel
from optimizers.rendering import render
from optimizers.sets import judge_of, outcome_of, read
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.together import all_or_none
from optimizers.types import (
    Assertion,
    AssertionKind,
    Candidate,
    Decoding,
    Evaluation,
    Example,
    Failure,
    FailureKind,
    LabelledExample,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Outcome,
    Usage,
    digest,
)
from optimizers.usage import total

if TYPE_CHECKING:
    from optimizers.lm.gateway import Session
    from optimizers.lm.loop import BackgroundLoop


class Judging:
    """The candidates' verdicts on rows, asked for as they are needed."""

    def __init__(
        self,
        criterion: str,
        model: ModelRef,
        decoding: Decoding,
        session: "Session",
        loop: "BackgroundLoop",
        checks: CheckRunner | None = None,
    ) -> None:
        self._checks = checks or CheckRunner()
        self._criterion = criterion
        self._model = model
        self._decoding = decoding
        self._session = session
        self._loop = loop
        self._matrix = VerdictMatrix()
        self._templates: dict[str, PromptTemplate] = {}
        self._prompt_ids: dict[str, str] = {}
        self._member_ids: dict[Assertion, str] = {}
        self.judged = 0

    def prompt_id(self, candidate: Candidate) -> str:
        """What candidates share whose rendered prompts are one text, whatever made them so: an empty
        instruction and the default one, or thresholds that differ. A set is named by its own id."""
        if candidate.id not in self._prompt_ids:
            own = candidate.id if candidate.assertions else self._prompt(candidate, self._criterion)
            self._prompt_ids[candidate.id] = own
        return self._prompt_ids[candidate.id]

    def _prompt(self, candidate: Candidate, criterion: str) -> str:
        """The name of the candidate's prompt, whose template is kept."""
        template = render(candidate, criterion, self._decoding)
        reading = asdict(candidate.verbatim) if candidate.verbatim is not None else None
        prompt = digest([[asdict(message) for message in template.messages], reading])
        self._templates.setdefault(prompt, template)
        return prompt

    def _member(self, assertion: Assertion) -> str:
        """What the assertion's cells are filed under."""
        if assertion not in self._member_ids:
            is_check = assertion.kind is AssertionKind.CHECK
            own = digest(["check", assertion.text]) if is_check else ""
            self._member_ids[assertion] = own or self._prompt(judge_of(assertion), assertion.criterion)
        return self._member_ids[assertion]

    def missing(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> int:
        """How many calls it takes at most to know the candidate's outcomes on `rows`."""
        return sum(len(cells) for cells in self._open(candidate, rows).values())

    def known(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> Evaluation:
        """What is known of the candidate on `rows`, in their order."""
        ids = [row.id for row in rows]
        if candidate.assertions:
            self._run_checks(candidate, rows)
            found = ((i, self._of_set(candidate, i)) for i in ids)
            outcomes = {i: outcome for i, outcome in found if outcome is not None}
        else:
            outcomes = self._matrix.outcomes(self.prompt_id(candidate), ids, candidate.decision)
        usage = total(outcome.usage for outcome in outcomes.values())
        return Evaluation(candidate_id=candidate.id, outcomes=outcomes, usage=usage)

    def fill(
        self, wanted: Sequence[tuple[Candidate, Sequence[LabelledExample]]], on_progress: Progress
    ) -> None:
        """Ask for what is missing of each candidate on its rows, all of it together, once the budget has
        room for all of it. `on_progress` counts the judgements of the whole batch."""
        batches = self._batches(wanted)
        asked = sum(len(batch.examples) for batch in batches)
        if not asked:
            return
        self._session.require(asked)
        tally = _Tally(asked, on_progress)
        shared = _Shared(self._session, self._session.abreast)
        found = self._loop.run(all_or_none([self._evaluate(batch, shared, tally) for batch in batches]))
        for batch, evaluation in zip(batches, found, strict=True):
            self._matrix.add(batch.prompt, evaluation.outcomes)
        self.judged += asked

    def _batches(self, wanted: Sequence[tuple[Candidate, Sequence[LabelledExample]]]) -> list["_Batch"]:
        """The missing cells by prompt: candidates that are one prompt are asked about together."""
        batches: dict[str, _Batch] = {}
        for candidate, rows in wanted:
            for prompt, cells in self._open(candidate, rows).items():
                batch = batches.setdefault(prompt, _Batch(prompt=prompt, candidate_id=candidate.id))
                batch.examples |= cells
        return [batch for batch in batches.values() if batch.examples]

    def _open(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> dict[str, dict[str, Example]]:
        """The cells to ask for, by prompt: examples by id, in order."""
        if not candidate.assertions:
            return {self.prompt_id(candidate): self._lacking(self.prompt_id(candidate), rows)}
        self._run_checks(candidate, rows)
        undecided = [row for row in rows if self._of_set(candidate, row.id) is None]
        prompts = [each for each in candidate.assertions if each.kind is AssertionKind.PROMPT]
        return {self._member(each): self._lacking(self._member(each), undecided) for each in prompts}

    def _lacking(self, prompt: str, rows: Sequence[LabelledExample]) -> dict[str, Example]:
        missing = set(self._matrix.missing(prompt, (row.id for row in rows)))
        return {row.id: row.example for row in rows if row.id in missing}

    def _run_checks(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> None:
        """Evaluate the set's checks where they have not been; it takes no call."""
        for check in candidate.assertions:
            if check.kind is AssertionKind.CHECK and (lacking := self._lacking(self._member(check), rows)):
                found = self._checks.evaluate(check.text, list(lacking.values()))
                self._matrix.add(self._member(check), dict(zip(lacking, found, strict=True)))

    def _of_set(self, candidate: Candidate, row_id: str) -> Outcome | None:
        """The set's outcome on a row, where what is known decides it."""
        known = [
            None
            if (cell := self._matrix.cell(self._member(each), row_id)) is None
            else read(cell, each, candidate.decision)
            for each in candidate.assertions
        ]
        return outcome_of([each.criterion for each in candidate.assertions], candidate.combination, known)

    async def _evaluate(self, batch: "_Batch", shared: "_Shared", tally: "_Tally") -> Evaluation:
        try:
            return await evaluate(
                self._templates[batch.prompt],
                list(batch.examples.values()),
                shared,
                candidate_id=batch.candidate_id,
                model=self._model,
                decision=AS_WRITTEN,
                abreast=self._session.abreast,
                on_progress=partial(tally.tell, batch.prompt),
                canary=not self.judged,  # a model that has answered needs no row sent ahead
            )
        except RequestRejected as error:
            if not self.judged:
                raise
            # The model answers other prompts, so it is this one that cannot be sent (too long, say):
            # the candidate's fault, and no reason to end the search.
            refused = Failure(kind=FailureKind.REFUSED, message=str(error), usage=Usage(calls=1))
            return Evaluation(
                candidate_id=batch.candidate_id, outcomes=dict.fromkeys(batch.examples, refused)
            )


@dataclass(kw_only=True)
class _Batch:
    """The cells of one prompt that are asked for: examples by id, in order."""

    prompt: str
    candidate_id: str
    examples: dict[str, Example] = field(default_factory=dict)


class _Shared:
    """A language model that batches under way together share: it is asked `abreast` questions at a time."""

    def __init__(self, lm: LanguageModel, abreast: int) -> None:
        self._lm = lm
        self._turns = asyncio.Semaphore(abreast)

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` as the model does, when its turn comes."""
        async with self._turns:
            return await self._lm.ask(request)


class _Tally:
    """Adds up the progress of batches that are under way together."""

    def __init__(self, judgements: int, on_progress: Progress) -> None:
        self._judgements = judgements
        self._on_progress = on_progress
        self._done: dict[str, int] = {}
        self._usage: dict[str, Usage] = {}

    def tell(self, prompt: str, done: int, _: int, usage: Usage) -> None:
        """One of them has `done` so many."""
        self._done[prompt], self._usage[prompt] = done, usage
        self._on_progress(sum(self._done.values()), self._judgements, total(self._usage.values()))

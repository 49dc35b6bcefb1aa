"""Filling the verdict matrix: each prompt is asked about each row once in a run, in batches.

The budget is required before a batch (a barrier), so that what a run can afford never depends on the
order in which answers arrive.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING

from optimizers.errors import RequestRejected
from optimizers.evaluate import Progress, evaluate
from optimizers.matrix import VerdictMatrix
from optimizers.protocols import LanguageModel
from optimizers.rendering import render
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.together import all_or_none
from optimizers.types import (
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
    Usage,
    digest,
)

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
    ) -> None:
        self._criterion = criterion
        self._model = model
        self._decoding = decoding
        self._session = session
        self._loop = loop
        self._matrix = VerdictMatrix()
        self._templates: dict[str, PromptTemplate] = {}
        self._prompt_ids: dict[str, str] = {}
        self.judged = 0

    def prompt_id(self, candidate: Candidate) -> str:
        """What candidates share whose rendered prompts are one text, whatever made them so: an empty
        instruction and the default one, or thresholds that differ."""
        if candidate.id not in self._prompt_ids:
            template = render(candidate, self._criterion, self._decoding)
            reading = asdict(candidate.verbatim) if candidate.verbatim is not None else None
            prompt = digest([[asdict(message) for message in template.messages], reading])
            self._templates.setdefault(prompt, template)
            self._prompt_ids[candidate.id] = prompt
        return self._prompt_ids[candidate.id]

    def missing(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> int:
        """How many calls it takes to know the candidate's outcomes on `rows`."""
        return len(self._matrix.missing(self.prompt_id(candidate), (row.id for row in rows)))

    def known(self, candidate: Candidate, rows: Sequence[LabelledExample]) -> Evaluation:
        """What is known of the candidate on `rows`, in their order."""
        ids = [row.id for row in rows]
        outcomes = self._matrix.outcomes(self.prompt_id(candidate), ids, candidate.decision)
        usage = reduce(add, (outcome.usage for outcome in outcomes.values()), Usage())
        return Evaluation(candidate_id=candidate.id, outcomes=outcomes, usage=usage)

    def fill(
        self, wanted: Sequence[tuple[Candidate, Sequence[LabelledExample]]], on_progress: Progress
    ) -> None:
        """Ask for what is missing of each candidate on its rows, all of it together, once the budget has
        room for all of it. `on_progress` counts the judgements of the whole batch."""
        batches = self._batches(wanted)
        total = sum(len(batch.examples) for batch in batches)
        if not total:
            return
        self._session.require(total)
        tally = _Tally(total, on_progress)
        shared = _Shared(self._session, self._session.abreast)
        found = self._loop.run(all_or_none([self._evaluate(batch, shared, tally) for batch in batches]))
        for batch, evaluation in zip(batches, found, strict=True):
            self._matrix.add(batch.prompt, evaluation.outcomes)
        self.judged += total

    def _batches(self, wanted: Sequence[tuple[Candidate, Sequence[LabelledExample]]]) -> list["_Batch"]:
        """The missing cells by prompt: candidates that are one prompt are asked about together."""
        batches: dict[str, _Batch] = {}
        for candidate, rows in wanted:
            prompt = self.prompt_id(candidate)
            batch = batches.setdefault(prompt, _Batch(prompt=prompt, candidate_id=candidate.id))
            missing = set(self._matrix.missing(prompt, (row.id for row in rows)))
            batch.examples |= {row.id: row.example for row in rows if row.id in missing}
        return [batch for batch in batches.values() if batch.examples]

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

    def __init__(self, total: int, on_progress: Progress) -> None:
        self._total = total
        self._on_progress = on_progress
        self._done: dict[str, int] = {}
        self._usage: dict[str, Usage] = {}

    def tell(self, prompt: str, done: int, _: int, usage: Usage) -> None:
        """One of them has `done` so many."""
        self._done[prompt], self._usage[prompt] = done, usage
        self._on_progress(sum(self._done.values()), self._total, reduce(add, self._usage.values(), Usage()))

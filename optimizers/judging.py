"""Filling the verdict matrix: each prompt is asked about each row once in a run, in batches.

The budget is required before a batch (a barrier), so that what a run can afford never depends on the
order in which answers arrive.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from optimizers.errors import RequestRejected
from optimizers.evaluate import Progress, evaluate
from optimizers.matrix import VerdictMatrix
from optimizers.rendering import render
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.types import (
    Candidate,
    Decoding,
    Evaluation,
    Example,
    Failure,
    FailureKind,
    LabelledExample,
    ModelRef,
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
        max_in_flight: int,
    ) -> None:
        self._criterion = criterion
        self._model = model
        self._decoding = decoding
        self._session = session
        self._loop = loop
        self._max_in_flight = max_in_flight
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

    def fill(self, candidate: Candidate, rows: Sequence[LabelledExample], on_progress: Progress) -> None:
        """Ask for what is missing of the candidate on `rows`, once the budget has room for all of it."""
        prompt = self.prompt_id(candidate)
        wanted = set(self._matrix.missing(prompt, (row.id for row in rows)))
        examples = list({row.id: row.example for row in rows if row.id in wanted}.values())
        if not examples:
            return
        self._session.require(len(examples))
        found = self._evaluate(prompt, candidate.id, examples, on_progress)
        self._matrix.add(prompt, found.outcomes)
        self.judged += len(examples)

    def _evaluate(
        self, prompt: str, candidate_id: str, examples: Sequence[Example], on_progress: Progress
    ) -> Evaluation:
        judging = evaluate(
            self._templates[prompt],
            examples,
            self._session,
            candidate_id=candidate_id,
            model=self._model,
            decision=AS_WRITTEN,
            max_in_flight=self._max_in_flight,
            on_progress=on_progress,
            canary=not self.judged,  # a model that has answered needs no row sent ahead
        )
        try:
            return self._loop.run(judging)
        except RequestRejected as error:
            if not self.judged:
                raise
            # The model answers other prompts, so it is this one that cannot be sent (too long, say):
            # the candidate's fault, and no reason to end the search.
            refused = Failure(kind=FailureKind.REFUSED, message=str(error), usage=Usage(calls=1))
            return Evaluation(candidate_id=candidate_id, outcomes={e.id: refused for e in examples})

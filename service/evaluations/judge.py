"""The judge of an evaluation: from its stored form to the outcomes of some rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from experiments.spec import judge_decoding
from optimizers.artifact import Artifact, artifact_of, from_plain
from optimizers.artifact_judge import judge_with
from optimizers.lm.control import RunControl
from optimizers.lm.gateway import Gateway
from optimizers.lm.gateway import Session as Asking
from optimizers.lm.loop import BackgroundLoop
from optimizers.rendering import render
from optimizers.types import Budget, Candidate, Example, ModelRef, Outcome, Usage, VerbatimPrompt
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow
from service.evaluations.tables import EvaluationRow

_MODEL = TypeAdapter(ModelRef)
_PROMPT = TypeAdapter(VerbatimPrompt)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What judges in a worker: the way to the models, and how many calls one job has open."""

    gateway: Gateway
    loop: BackgroundLoop
    max_in_flight: int

    def session(self, evaluation: EvaluationRow, control: RunControl) -> Asking:
        """The way to the models for one job. All jobs of an evaluation pay from its one account."""
        cap = _budget(evaluation.spend_cap)
        return self.gateway.session(evaluation.id, Budget(), cap, control, max_in_flight=self.max_in_flight)

    def judge(
        self,
        judge: tuple[Artifact, ModelRef | None],
        rows: Sequence[ExampleRow],
        asking: Asking,
        told: Callable[[int, int, Usage], None],
        *,
        canary: bool,
    ) -> Sequence[Outcome]:
        """The outcomes of `rows`, in their order. Raises as `judge_with` does."""
        artifact, model = judge
        examples = [Example(id=row.example_id, input=row.input, output=row.output) for row in rows]
        found = self.loop.run(
            judge_with(
                artifact,
                examples,
                asking,
                model=model,
                abreast=asking.abreast,
                on_progress=told,
                canary=canary,
            )
        )
        return [found.outcomes[row.example_id] for row in rows]


def judge_of(session: Session, evaluation: EvaluationRow) -> tuple[Artifact, ModelRef | None]:
    """The judge that was asked for, and the model that overrides its own."""
    judge = evaluation.judge
    model = _MODEL.validate_python(judge["model"]) if judge["model"] else None
    if "artifact" in judge:
        return from_plain(judge["artifact"]), model
    assert model is not None
    # Evaluations of an earlier version have not kept the criterion of their time.
    criterion = judge.get("criterion") or get_dataset(session, evaluation.dataset_id).criterion
    prompt = _PROMPT.validate_python(judge["prompt"]) if "prompt" in judge else None
    candidate = Candidate(instruction=judge["instruction"], reasoning=judge["reasoning"], verbatim=prompt)
    template = render(candidate, criterion, judge_decoding(model))
    return artifact_of(candidate, criterion, template, model, report={}, provenance={}), None


def _budget(plain: Mapping[str, Any] | None) -> Budget | None:
    return None if plain is None else Budget(**plain)

"""Judging with an artifact: one call or several, and the rule that combines them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

from optimizers.artifact import Artifact
from optimizers.evaluate import PROBE_ROWS, Progress, PromptedJudge, judge_all
from optimizers.protocols import LanguageModel
from optimizers.types import (
    Evaluation,
    Example,
    Failure,
    FailureKind,
    Label,
    ModelRef,
    Outcome,
    Usage,
    Verdict,
)


@dataclass(frozen=True, kw_only=True)
class ArtifactJudge:
    """A judge from a file. `model` overrides who answers, for a model that is served elsewhere now."""

    artifact: Artifact
    lm: LanguageModel
    model: ModelRef | None = None

    @cached_property
    def _judges(self) -> tuple[PromptedJudge, ...]:
        return tuple(
            PromptedJudge(
                template=call.template, model=self.model or call.model, lm=self.lm, decision=call.decision
            )
            for call in self.artifact.calls
        )

    async def judge(self, example: Example) -> Outcome:
        """A verdict, or a failure as a value. Raises as `PromptedJudge.judge` does."""
        outcomes: list[Outcome] = []
        for judge in self._judges:
            outcomes.append(await judge.judge(example))
            if _fails(outcomes[-1]):
                break
        return _any_fail(outcomes) if len(outcomes) > 1 else outcomes[0]


async def judge_with(
    artifact: Artifact,
    examples: Sequence[Example],
    lm: LanguageModel,
    *,
    model: ModelRef | None = None,
    abreast: int = 32,
    on_progress: Progress | None = None,
    canary: bool = True,
) -> Evaluation:
    """Judge `examples` with a judge from a file. Raises as `evaluate` does.

    Without `canary` (the model has answered before) a rejected row is that row's outcome, wherever it
    stands: the rows are a part of more.
    """
    judge = ArtifactJudge(artifact=artifact, lm=lm, model=model)
    outcomes = await judge_all(
        judge.judge,
        examples,
        abreast=abreast,
        on_progress=on_progress,
        canary=canary,
        probes=PROBE_ROWS if canary else 0,
    )
    usage = reduce(add, (outcome.usage for outcome in outcomes.values()), Usage())
    return Evaluation(candidate_id=artifact.id, outcomes=outcomes, usage=usage)


def _fails(outcome: Outcome) -> bool:
    """Whether it settles the row: a fail, or a provider that must be asked again."""
    if isinstance(outcome, Failure):
        return outcome.kind is FailureKind.PROVIDER
    return outcome.label is Label.FAIL


def _any_fail(outcomes: Sequence[Outcome]) -> Outcome:
    """The last outcome if it settles the row, else the first failure, else a pass."""
    usage = reduce(add, (outcome.usage for outcome in outcomes))
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    telling = outcomes[-1] if _fails(outcomes[-1]) or not failures else failures[0]
    if isinstance(telling, Failure):
        return Failure(kind=telling.kind, message=telling.message, answer=telling.answer, usage=usage)
    return Verdict(label=telling.label, rationale=telling.rationale, usage=usage)

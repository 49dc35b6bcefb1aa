"""Judging with an artifact: one call or several, and the rule that combines them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from optimizers.artifact import Artifact, Rule
from optimizers.calls import Call, Check
from optimizers.checks import CheckRunner
from optimizers.evaluate import PROBE_ROWS, Progress, PromptedJudge, judge_all
from optimizers.protocols import Judge, LanguageModel
from optimizers.sets import cheap_first, outcome_of
from optimizers.types import Evaluation, Example, ModelRef, Outcome
from optimizers.usage import total


@dataclass(frozen=True, kw_only=True)
class CheckJudge:
    """A judge that is one code check."""

    check: Check
    runner: CheckRunner

    async def judge(self, example: Example) -> Outcome:
        """A verdict, or a failure as a value.

        Raises:
            ChecksUnavailable: checks cannot be evaluated here.
        """
        return (await asyncio.to_thread(self.runner.evaluate, self.check.expression, [example]))[0]


@dataclass(frozen=True, kw_only=True)
class ArtifactJudge:
    """A judge from a file. `model` overrides who answers, for a model that is served elsewhere now.

    Of several calls the cheap ones come first, and no further one is made once the row is decided.
    """

    artifact: Artifact
    lm: LanguageModel
    model: ModelRef | None = None
    runner: CheckRunner = field(default_factory=CheckRunner)

    @cached_property
    def _judges(self) -> tuple[Judge, ...]:
        return tuple(map(self._judge_of, self.artifact.calls))

    def _judge_of(self, call: Call | Check) -> Judge:
        if isinstance(call, Check):
            return CheckJudge(check=call, runner=self.runner)
        return PromptedJudge(
            template=call.template, model=self.model or call.model, lm=self.lm, decision=call.decision
        )

    @cached_property
    def _order(self) -> tuple[int, ...]:
        is_prompt = [isinstance(call, Call) for call in self.artifact.calls]
        return cheap_first(is_prompt, self.artifact.combination)

    async def judge(self, example: Example) -> Outcome:
        """A verdict, or a failure as a value. Raises as `PromptedJudge.judge` and `CheckJudge.judge` do."""
        if self.artifact.rule is Rule.SINGLE and self.artifact.prompts:
            return await self._judges[0].judge(example)
        known: list[Outcome | None] = [None] * len(self._judges)
        criteria = [call.criterion for call in self.artifact.calls]
        for place in self._order:
            known[place] = await self._judges[place].judge(example)
            outcome = outcome_of(criteria, self.artifact.combination, known)
            if outcome is not None:
                return outcome
        raise AssertionError("a set that was asked as a whole has an outcome")


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
    usage = total(outcome.usage for outcome in outcomes.values())
    return Evaluation(candidate_id=artifact.id, outcomes=outcomes, usage=usage)

"""A plan: what the joint search decides about a judge, from which its candidate follows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from optimizers.joint.criteria import instruction_with, stated_in
from optimizers.types import Candidate, DecisionRule, Demonstration, LabelledExample


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Criteria, demonstrations, reasoning on or off, and the threshold on the probability of fail."""

    criteria: tuple[str, ...] = ()
    demonstrations: tuple[Demonstration, ...] = ()
    reasoning: bool = True
    threshold: float | None = None

    def candidate(self, base: Candidate, *, probability: bool) -> Candidate:
        """The judge that it stands for; `base` gives the instruction's beginning."""
        return base.with_(
            instruction=instruction_with(base.instruction, self.criteria, reasoning=self.reasoning),
            demonstrations=self.demonstrations or base.demonstrations,
            reasoning=self.reasoning,
            probability=probability,
            decision=DecisionRule(threshold=self.threshold),
        )

    def toggled(self, lines: tuple[str, ...]) -> "Plan":
        """The plan with each of `lines` added, or taken away where it has it."""
        kept = tuple(line for line in self.criteria if line not in lines)
        return self.with_(criteria=(*kept, *(line for line in lines if line not in self.criteria)))

    def with_(self, **changes: object) -> "Plan":
        """A copy with the named fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # field names are the caller's


def carried_over(winner: Candidate, rows: Sequence[LabelledExample], base: Candidate) -> Plan | None:
    """The plan that stands closest to an earlier winner: its criteria that `base` does not state anyway,
    reasoning, threshold, and those of its demonstrations whose row is still among `rows` with the same
    texts and label; `None` for a verbatim prompt. Of a set of assertions it keeps what they are for."""
    if winner.verbatim is not None:
        return None
    if winner.assertions:
        return Plan(criteria=tuple(dict.fromkeys(each.criterion for each in winner.assertions)))
    known = {(row.id, row.example.input, row.example.output, row.label) for row in rows}
    return Plan(
        criteria=tuple(line for line in stated_in(winner.instruction) if line not in base.instruction),
        demonstrations=tuple(
            demo
            for demo in winner.demonstrations
            if (demo.example_id, demo.input, demo.output, demo.label) in known
        ),
        reasoning=winner.reasoning,
        threshold=winner.decision.threshold if winner.probability else None,
    )

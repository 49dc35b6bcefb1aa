"""Solved examples to show a judge: drawn from train by class quota, never overlapping dev.

A solved example carries a rationale: the judge's own where its verdict was right; where it was wrong,
one that the proposer writes from the person's label and critique (rationalisation, after STaR,
Zelikman et al. 2022). Rows that the judge gets wrong are the ones worth showing, and they are the
ones that bootstrapping from the judge's right answers alone would never show.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.overlap import apart
from optimizers.protocols import Problem
from optimizers.strategies.answers import clipped, field_of, sendable
from optimizers.types import Candidate, Demonstration, Label, LabelledExample, Message, Verdict
from optimizers.workbench import Workbench

LONGEST_RATIONALE = 1200
_LONGEST_TEXT = 4000


def eligible(problem: Problem) -> tuple[LabelledExample, ...]:
    """The train rows that may be learned from and shown: those that repeat nothing of dev."""
    return apart(problem.train, problem.dev)


def balanced(
    rows: Sequence[LabelledExample], n: int, rng: np.random.Generator, turn: int = 0
) -> tuple[LabelledExample, ...]:
    """About `n` of `rows`, as many of each class as there are, those with a critique first.

    Each `turn` takes up where the one before left off, and starts over at the end.
    """
    picked: list[LabelledExample] = []
    for label in Label:
        members = [row for row in rows if row.label is label]
        chance = rng.permutation(len(members))
        order = sorted(range(len(members)), key=lambda i: (not members[i].critique, int(chance[i])))
        count = min(n // 2, len(members))
        picked += [members[order[(turn * count + i) % len(members)]] for i in range(count)]
    return tuple(sorted(picked, key=lambda row: row.id))


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Solved examples by class: first those that the judge got wrong."""

    hard: Mapping[Label, tuple[Demonstration, ...]]
    easy: Mapping[Label, tuple[Demonstration, ...]]

    @property
    def per_class(self) -> int:
        """The largest quota that both classes can fill."""
        return min(len(self.hard[label]) + len(self.easy[label]) for label in Label)

    def draw(
        self, per_class: int, rng: np.random.Generator, *, hard_first: bool
    ) -> tuple[Demonstration, ...]:
        """`per_class` of each class, the classes in turn; drawn anew by each generator."""
        lanes = []
        for label in Label:
            hard, easy = (_shuffled(kind[label], rng) for kind in (self.hard, self.easy))
            lane = [*hard, *easy] if hard_first else _shuffled([*hard, *easy], rng)
            lanes.append(lane[:per_class])
        return tuple(demo for pair in zip(*lanes, strict=False) for demo in pair)


def _shuffled(items: Sequence[Demonstration], rng: np.random.Generator) -> list[Demonstration]:
    return [items[int(i)] for i in rng.permutation(len(items))]


def solve(bench: Workbench, judge: Candidate, rows: Sequence[LabelledExample], *, most_elicited: int) -> Pool:
    """Turn train `rows` into solved examples; `judge` gives its verdicts with a rationale.

    Takes one call for each row that `judge` has not seen yet, and one for each of the first
    `most_elicited` rows of a class that it gets wrong; further wrong rows carry the critique alone.
    """
    found = bench.evaluate(judge, rows)
    wrong = [row for row in rows if found.judged([row.id])[0] is not row.label]
    asked = [row for label in Label for row in [r for r in wrong if r.label is label][:most_elicited]]
    written = rationales_for(bench, asked)
    hard = {label: [_demo(r, written.get(r.id)) for r in wrong if r.label is label] for label in Label}
    easy = {
        label: [
            _demo(r, _own_words(found.outcomes[r.id])) for r in rows if r not in wrong and r.label is label
        ]
        for label in Label
    }
    return Pool(
        hard={label: tuple(demos) for label, demos in hard.items()},
        easy={label: tuple(demos) for label, demos in easy.items()},
    )


def rationales_for(bench: Workbench, rows: Sequence[LabelledExample]) -> dict[str, str]:
    """Rationales by row id that the proposer writes from label and critique, one call a row; a row whose
    answer holds none is left out."""
    answers = bench.ask_proposer_each([rationalisation(bench.problem.criterion, row) for row in rows])
    written = {row.id: _rationale(text) for row, text in zip(rows, answers, strict=True)}
    return {row_id: text for row_id, text in written.items() if text}


def _own_words(outcome: object) -> str | None:
    return outcome.rationale if isinstance(outcome, Verdict) else None


def _demo(row: LabelledExample, rationale: str | None) -> Demonstration:
    return Demonstration(
        example_id=row.id,
        input=row.example.input,
        output=row.example.output,
        label=row.label,
        rationale=sendable(rationale or row.critique or "") or None,
    )


def _rationale(answer: str) -> str | None:
    text = field_of(answer, "rationale")
    return clipped(text, LONGEST_RATIONALE) if text else None


_RATIONALISE = (
    "You write the reasoning that a careful judge should give. You are shown a task input, the output "
    "to judge, the criterion, and the decision that a human expert took, sometimes with a comment. "
    "In one to three sentences, name what in the output decides the matter under the criterion and "
    "why it leads to exactly that decision. Speak of the output itself; mention neither the expert nor "
    "the comment.\n"
    'Answer with a JSON object: {"rationale": "..."}'
)


def rationalisation(criterion: str, row: LabelledExample) -> tuple[Message, ...]:
    """The question for a rationale of a train row, from the person's label and critique."""
    shown = {
        "criterion": criterion,
        "task_input": clipped(row.example.input, _LONGEST_TEXT),
        "task_output": clipped(row.example.output, _LONGEST_TEXT),
        "decision": row.label.value,
        "comment": row.critique or "",
    }
    return (
        Message(role="system", content=_RATIONALISE),
        Message(role="user", content=json.dumps(shown, ensure_ascii=False, indent=1)),
    )

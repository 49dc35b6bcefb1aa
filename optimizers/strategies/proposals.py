"""New instructions from a judge's mistakes: what the proposer is shown, asked, and believed.

The proposer sees balanced false passes and false fails of the parent on train rows, each with the
person's critique and the judge's rationale, and the parent's confusion counts. Each proposal gets
another hint and another draw of mistakes, for variety. What comes back is taken only if it can be an
instruction and is new.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.kappa import Confusion
from optimizers.strategies.answers import clipped, field_of
from optimizers.types import (
    Candidate,
    Evaluation,
    Label,
    LabelledExample,
    Message,
    Outcome,
    Verdict,
)
from optimizers.wording import DEFAULT_INSTRUCTION
from optimizers.workbench import Workbench

SHORTEST_INSTRUCTION = 12
LONGEST_INSTRUCTION = 6000
_LONGEST_TEXT = 1500

HINTS = (
    "Name the kinds of defect that the judge lets pass, how to recognise each, and that any one fails.",
    "Write a short numbered list of checks to go through one by one, and the rule that ends in a verdict.",
    "Say what the judge fails wrongly: what looks like a defect and is not one. Then say what does fail.",
    "Take the people's comments as the standard: turn what they object to, and accept, into general rules.",
    "Draw the line: describe cases close to it on both sides and what tips them.",
    "Keep it as short as it can be: two or three sentences that would have prevented most mistakes.",
)
"""Ways to write an instruction; each proposal of a round is given another."""

_SYSTEM = (
    "You improve the instruction of an automatic judge. The judge reads a task input and a task output "
    "and decides `pass` or `fail`; people have decided on the same outputs, and the judge should agree "
    "with them. You are shown the criterion, the judge's current instruction, how often it agreed with "
    "people, and cases in which it did not. Find out what the people look at that the judge misses, and "
    "write a new instruction that would lead it to their decisions, also on outputs that you have not "
    "seen. State general rules; do not quote or number the cases. Keep what works in the current "
    "instruction. Do not describe the format of the answer: the judge knows it.\n"
    'Answer with a JSON object: {"instruction": "..."}'
)


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A train row on which judge and people differ."""

    row: LabelledExample
    outcome: Outcome

    @property
    def described(self) -> dict[str, str]:
        """The case as the proposer sees it."""
        said = self.outcome.rationale if isinstance(self.outcome, Verdict) else self.outcome.message
        return {
            "task_input": clipped(self.row.example.input, _LONGEST_TEXT),
            "task_output": clipped(self.row.example.output, _LONGEST_TEXT),
            "people_say": clipped(self.row.critique or "", _LONGEST_TEXT),
            "judge_says": clipped(said or "", _LONGEST_TEXT),
        }


@dataclass(frozen=True, kw_only=True)
class Mistakes:
    """Where a parent went wrong on train, by the people's label. `confusion` counts all it judged.

    Under `fail` stand its false passes, under `pass` its false fails; a row without a verdict stands
    where its label does.
    """

    confusion: Confusion
    by_label: dict[Label, tuple[Mistake, ...]]

    def __bool__(self) -> bool:
        return any(self.by_label.values())

    def draw(self, n: int, rng: np.random.Generator) -> dict[Label, list[Mistake]]:
        """Up to `n` of each kind, in a drawn order."""
        return {
            label: [found[int(i)] for i in rng.permutation(len(found))[:n]]
            for label, found in self.by_label.items()
        }


def mistakes(bench: Workbench, found: Evaluation, rows: Sequence[LabelledExample]) -> Mistakes:
    """What `found` got wrong on `rows`."""
    by_label: dict[Label, tuple[Mistake, ...]] = {
        label: tuple(
            Mistake(row=row, outcome=found.outcomes[row.id])
            for row in rows
            if row.label is label and found.judged([row.id])[0] is not label
        )
        for label in Label
    }
    return Mistakes(confusion=bench.confusion(found, rows), by_label=by_label)


def propose(
    bench: Workbench,
    parent: Candidate,
    wrong: Mistakes,
    known: Iterable[str],
    *,
    n: int,
    shown: int,
    turn: int,
) -> tuple[str, ...]:
    """Up to `n` new instructions, asked for together; fewer where answers are unusable or not new.

    `known` are instructions that need not be tried again, `shown` the most mistakes of a kind in one
    question, `turn` tells rounds apart.
    """
    rng = bench.rng(f"proposals/{turn}")
    questions = [
        _question(
            bench.problem.criterion, parent, wrong.confusion, wrong.draw(shown, rng), _hint(n * turn + i)
        )
        for i in range(n)
    ]
    answers = bench.ask_proposer_each(questions, sample=turn)
    return new_instructions([field_of(answer, "instruction") for answer in answers], known)


def _hint(number: int) -> str:
    return HINTS[number % len(HINTS)]


def new_instructions(proposed: Iterable[str | None], known: Iterable[str]) -> tuple[str, ...]:
    """Those of `proposed` that can be an instruction and differ from `known` and from each other."""
    seen = {_plain(text) for text in known}
    fresh: list[str] = []
    for text in proposed:
        if text is None or not _usable(text) or _plain(text) in seen:
            continue
        seen.add(_plain(text))
        fresh.append(text)
    return tuple(fresh)


def _usable(text: str) -> bool:
    return SHORTEST_INSTRUCTION <= len(text) <= LONGEST_INSTRUCTION and len(text.split()) >= 3


def _plain(text: str) -> str:
    """`text` without what makes no difference: case, white space, quotes and full stops at its ends."""
    return " ".join(text.casefold().split()).strip("\"'`. ")


def _question(
    criterion: str, parent: Candidate, counts: Confusion, cases: dict[Label, list[Mistake]], hint: str
) -> tuple[Message, ...]:
    parts = [
        f"Criterion:\n{criterion}",
        f"Current instruction:\n{parent.instruction or DEFAULT_INSTRUCTION}",
        agreement_counts(counts),
        _cases("The judge passed these, people failed them", cases[Label.FAIL]),
        _cases("The judge failed these, people passed them", cases[Label.PASS]),
        f"Hint: {hint}",
    ]
    return (
        Message(role="system", content=_SYSTEM),
        Message(role="user", content="\n\n".join(part for part in parts if part)),
    )


def agreement_counts(counts: Confusion) -> str:
    """How often a judge agreed with people, in words."""
    return (
        f"On {counts.n} cases: people failed {counts.bad}, of which the judge failed {counts.tp} and passed "
        f"{counts.fn}; people passed {counts.good}, of which the judge passed {counts.tn} and failed "
        f"{counts.fp}; {counts.unparseable} answers of the judge held no verdict."
    )


def _cases(heading: str, found: Sequence[Mistake]) -> str:
    if not found:
        return ""
    lines = [json.dumps(mistake.described, ensure_ascii=False) for mistake in found]
    return "\n".join([f"{heading} (or gave no verdict):", *lines])

"""A world's assertions: small judges that each ask for one criterion, and what they say of every row."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Prompt
from experiments.worlds import SimulatedJudge
from experiments.worlds.prompts import LENIENT, STRICT
from optimizers.criteria.matrix import AssertionMatrix
from optimizers.types import Failure, FailureKind, Label, Outcome, Part, Verdict
from optimizers.votes import answers

DISTRACTIONS = 6
"""Criteria that people suggest and that mean nothing in the world."""

_TONES = ("", f" {STRICT[0]}.", f" {LENIENT[0]}.")


@dataclass(frozen=True, kw_only=True)
class AssertionPool:
    """What candidate assertions say of a world's rows.

    `outcomes` are by assertion and row, `criteria` names each criterion's assertions; `judge` is one prompt
    that asks for all criteria. `labels` are people's. `to_label` may be labelled; on `held_out` is measured.
    Both are sorted.
    """

    outcomes: Mapping[str, Mapping[str, Outcome]]
    criteria: Mapping[str, tuple[str, ...]]
    judge: Mapping[str, Outcome]
    labels: Mapping[str, Label]
    groups: Mapping[str, str]
    to_label: tuple[str, ...]
    held_out: tuple[str, ...]

    @cached_property
    def said(self) -> NDArray[np.float64]:
        """Log-odds of fail by all assertions, sorted: rows to label, then those held out."""
        return answers((*self.to_label, *self.held_out), sorted(self.outcomes), self.outcomes)

    @cached_property
    def matrix(self) -> AssertionMatrix:
        """All assertions on all rows."""
        names, rows = sorted(self.outcomes), (*self.to_label, *self.held_out)
        cells = [[self.outcomes[name][row] for row in rows] for name in names]
        said = [[cell.label if isinstance(cell, Verdict) else None for cell in line] for line in cells]
        return AssertionMatrix(
            assertions=tuple(names),
            rows=rows,
            fails=np.array([[label is Label.FAIL for label in line] for line in said]),
            unknown=np.array([[label is None for label in line] for line in said]),
            bad=np.array([self.labels[row] is Label.FAIL for row in rows]),
        )


def assertion_pool(world: SimulatedJudge) -> AssertionPool:
    """Ask each assertion about each row. The same for the same world.

    People suggest the right criteria and others: all the world's kinds of defect and some distractions, each
    in two wordings and three tones, as several candidates are drawn for each criterion. The rows to label are
    the world's test part, which is the largest.
    """
    terms = (*world.file.terms.kinds, *world.file.terms.distractions[:DISTRACTIONS])
    asked = {
        term.id: [
            f"fail an output with this problem: {phrase}.{tone}"
            for phrase in term.phrases[:2]
            for tone in _TONES
        ]
        for term in terms
    }
    parts = world.file.split.parts
    return AssertionPool(
        outcomes={text: _said(world, text) for texts in asked.values() for text in texts},
        criteria={criterion: tuple(texts) for criterion, texts in asked.items()},
        judge=_said(world, "\n".join(texts[0] for texts in asked.values())),
        labels={row.id: row.label for row in world.rows},
        groups=world.file.groups,
        to_label=tuple(sorted(row.id for row in world.rows if parts[row.id] is Part.TEST)),
        held_out=tuple(sorted(row.id for row in world.rows if parts[row.id] is not Part.TEST)),
    )


def _said(world: SimulatedJudge, text: str) -> dict[str, Outcome]:
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    prompt = Prompt(text=text, instruction=text, shown=(), digest=digest)
    return {row.id: _outcome(world, row, prompt) for row in world.rows}


def _outcome(world: SimulatedJudge, row: WorldRow, prompt: Prompt) -> Outcome:
    found = world.judge(row, prompt)
    if not found.readable:
        return Failure(kind=FailureKind.UNPARSEABLE, message="no verdict")
    label = Label.FAIL if found.fails else Label.PASS
    return Verdict(label=label, fail_probability=found.fail_probability)

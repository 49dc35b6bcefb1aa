"""Which criteria earn their place: those that mend more verdicts on train than they break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.joint.tracing import Toggled, Traced, trace
from optimizers.types import Evaluation, Label, LabelledExample
from optimizers.workbench import Workbench

_MOST_WRONG, _MOST_RIGHT = 16, 8
"""Rows of each class around a judge's mistakes: judged wrongly, and rightly."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows to trace on, and by row id how much of balanced accuracy each stands for."""

    rows: tuple[LabelledExample, ...]
    weights: Mapping[str, float]


def around_mistakes(known: Evaluation, rows: Sequence[LabelledExample], rng: np.random.Generator) -> Sample:
    """Those of `rows` that `known` got wrong beside a few of those that it got right."""
    judged = [row for row in rows if row.id in known.outcomes]
    picked: list[LabelledExample] = []
    weights: dict[str, float] = {}
    for label in Label:
        own = [row for row in judged if row.label is label]
        wrong = [row for row in own if known.judged([row.id])[0] is not label]
        right = [row for row in own if row not in wrong]
        for members, most in ((wrong, _MOST_WRONG), (right, _MOST_RIGHT)):
            some = [members[int(i)] for i in rng.permutation(len(members))[:most]]
            picked += some
            weights |= {row.id: len(members) / len(some) / len(own) for row in some}
    return Sample(rows=tuple(picked), weights=weights)


def earning(
    bench: Workbench, toggled: Toggled, lines: Sequence[str], sample: Sample, *, reserve: int
) -> tuple[str, ...]:
    """Those of `lines` that, toggled by themselves, gain more than they lose, the best first.

    Stops early, with what is known, where the next step would leave fewer than `reserve` calls.
    """
    if not lines or not sample.rows:
        return ()
    traced = trace(bench, toggled, lines, sample.rows, reserve=reserve)
    worth = {line: gain(found, sample.weights) for line, found in traced.items()}
    return tuple(sorted((line for line in lines if worth[line] > 0), key=lambda line: -worth[line]))


def gain(found: Traced, weights: Mapping[str, float]) -> float:
    """Twice the balanced accuracy that a criterion brings by itself, in [-2, 2]."""
    gained, lost = (sum(weights[row.id] for row in rows) for rows in (found.mended, found.broken))
    return gained - lost

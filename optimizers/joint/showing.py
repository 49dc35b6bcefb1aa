"""Which train rows a question shows: bunches of alike rows, each beside like rows of the other class."""

import math
from collections.abc import Sequence

import numpy as np

from optimizers.joint.likeness import Likeness
from optimizers.types import LabelledExample

FOCUS, MOST_FOCUS = 16, 20
"""Rows of the class that a question is about: enough to see a kind of defect, few enough to read. There
are more, up to `MOST_FOCUS`, where the questions are too few for all rows."""

CONTRAST = 3
"""Rows of the other class beside them."""

Rows = tuple[LabelledExample, ...]


def bunches(
    rows: Sequence[LabelledExample], n: int, likeness: Likeness, rng: np.random.Generator, *, clustered: bool
) -> list[Rows]:
    """`n` bunches of `rows`, all rows about equally often.

    With `clustered` those of a bunch are alike; each pass over the rows bunches them differently.
    """
    size = min(MOST_FOCUS, max(FOCUS, math.ceil(len(rows) / max(1, n))))
    found: list[Rows] = []
    while rows and len(found) < n:
        order = (
            _in_order(rows, likeness, rng)
            if clustered
            else [rows[int(i)] for i in rng.permutation(len(rows))]
        )
        found += [tuple(order[at : at + size]) for at in range(0, len(order), size)]
    return found[:n]


def _in_order(
    rows: Sequence[LabelledExample], likeness: Likeness, rng: np.random.Generator
) -> list[LabelledExample]:
    shuffled = [rows[int(i)] for i in rng.permutation(len(rows))]
    clusters = likeness.clusters(shuffled, max(1, round(len(rows) / FOCUS)), int(rng.integers(2**31)))
    return [row for cluster in clusters for row in cluster]


def contrast(bunch: Rows, others: Sequence[LabelledExample], likeness: Likeness, n: int = CONTRAST) -> Rows:
    """`n` of `others` that stand closest to the rows of `bunch`, each to another one."""
    found: list[LabelledExample] = []
    for row in bunch:
        if len(found) == n:
            break
        left = [other for other in others if other not in found]
        found += likeness.nearest(row, left, 1)
    return tuple(found)

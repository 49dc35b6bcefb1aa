"""Sets of solved examples: class quotas, many kinds of defect, and passes that stand close to the fails."""

from collections.abc import Mapping, Sequence

import numpy as np

from optimizers.joint.likeness import Likeness
from optimizers.joint.showing import contrast
from optimizers.types import Demonstration, Label, LabelledExample


def spread(
    rows: Sequence[LabelledExample], n: int, likeness: Likeness, rng: np.random.Generator
) -> list[LabelledExample]:
    """`n` of `rows`, one of each cluster of alike ones, drawn; rows with a critique first."""
    if n >= len(rows):
        return list(rows)
    clusters = likeness.clusters(rows, n, int(rng.integers(2**31)))
    picked = []
    for cluster in clusters:
        chance = rng.permutation(len(cluster))
        first = min(range(len(cluster)), key=lambda i: (not cluster[i].critique, int(chance[i])))
        picked.append(cluster[first])
    return picked[:n]


def pairs(
    failed: Sequence[LabelledExample],
    passed: Sequence[LabelledExample],
    n: int,
    likeness: Likeness,
    rng: np.random.Generator,
    *,
    contrasting: bool,
) -> tuple[LabelledExample, ...]:
    """`n` failed rows of as many kinds as there are, each followed by a passed one: with `contrasting`
    the one that is most like it, else another kind's."""
    bad = spread(failed, n, likeness, rng)
    good = (
        contrast(tuple(bad), passed, likeness, len(bad)) if contrasting else spread(passed, n, likeness, rng)
    )
    return tuple(row for pair in zip(bad, good, strict=False) for row in pair)


def demonstrations(
    rows: Sequence[LabelledExample], rationales: Mapping[str, str]
) -> tuple[Demonstration, ...]:
    """`rows` as solved examples; those without a rationale are shown without one."""
    return tuple(
        Demonstration(
            example_id=row.id,
            input=row.example.input,
            output=row.example.output,
            label=Label(row.label),
            rationale=rationales.get(row.id),
        )
        for row in rows
    )

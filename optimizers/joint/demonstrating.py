"""Sets of solved examples: class quotas, and many kinds of each class."""

from collections.abc import Sequence

import numpy as np

from optimizers.joint.ideas import Idea
from optimizers.joint.likeness import Likeness
from optimizers.strategies.answers import clipped, sendable
from optimizers.strategies.demonstrations import LONGEST_RATIONALE, rationales_for
from optimizers.types import Demonstration, Evaluation, Label, LabelledExample
from optimizers.workbench import Workbench

LONGEST_SHOWN = 32_000
"""Characters of all demonstrations of a set together: they are paid for with every judgement."""


class Demonstrating:
    """Draws sets from train rows. A rationale is the person's critique, or what the proposer wrote."""

    def __init__(
        self,
        bench: Workbench,
        rows: Sequence[LabelledExample],
        likeness: Likeness,
        ideas: frozenset[Idea],
    ) -> None:
        self._bench = bench
        self._rows = {label: [row for row in rows if row.label is label] for label in Label}
        self._likeness = likeness
        self._ideas = ideas
        self._rationales = {
            row.id: clipped(sendable(row.critique), LONGEST_RATIONALE) for row in rows if row.critique
        }

    def draw(self, n: int, name: str, known: Evaluation | None = None) -> tuple[LabelledExample, ...]:
        """Rows of a set with up to `n` of each class, the classes in turn; none without both classes.

        The failed ones are rows that `known` gets wrong, where there are `n` of them. `name` tells draws
        apart.
        """
        failed, passed = self._rows[Label.FAIL], self._rows[Label.PASS]
        if Idea.DEMONSTRATIONS not in self._ideas or not failed or not passed:
            return ()
        hard = [row for row in failed if known is not None and _is_wrong(known, row)]
        rng = self._bench.rng(f"shown {name}")
        bad = spread(hard if len(hard) >= n else failed, n, self._likeness, rng)
        good = spread(passed, n, self._likeness, rng)
        return tuple(row for pair in zip(bad, good, strict=False) for row in pair)

    def write_rationales(self, rows: Sequence[LabelledExample], reserve: int) -> None:
        """Have the proposer explain those of `rows` that nobody has explained, one call each, if that
        leaves `reserve` calls."""
        lacking = [row for row in rows if row.id not in self._rationales]
        if self._bench.affordable(len(lacking) + reserve):
            self._rationales |= rationales_for(self._bench, lacking)

    def shown(self, rows: Sequence[LabelledExample]) -> tuple[Demonstration, ...]:
        """`rows` as solved examples, as many pairs as are not too long together."""
        return tuple(
            Demonstration(
                example_id=row.id,
                input=row.example.input,
                output=row.example.output,
                label=row.label,
                rationale=self._rationales.get(row.id),
            )
            for row in self._fitting(rows)
        )

    def _fitting(self, rows: Sequence[LabelledExample]) -> list[LabelledExample]:
        """`rows` without the pairs that are too long beside those before them."""
        kept: list[LabelledExample] = []
        left = LONGEST_SHOWN
        for pair in zip(rows[::2], rows[1::2], strict=False):
            length = sum(self._length(row) for row in pair)
            if length <= left:
                kept += pair
                left -= length
        return kept

    def _length(self, row: LabelledExample) -> int:
        return sum(map(len, (row.example.input, row.example.output, self._rationales.get(row.id, ""))))


def spread(
    rows: Sequence[LabelledExample], n: int, likeness: Likeness, rng: np.random.Generator
) -> list[LabelledExample]:
    """`n` of `rows`, one of each cluster of alike ones, drawn; those with a critique first."""
    if n >= len(rows):
        return list(rows)
    picked = []
    for cluster in likeness.clusters(rows, n, int(rng.integers(2**31))):
        chance = rng.permutation(len(cluster))
        first = min(range(len(cluster)), key=lambda i: (not cluster[i].critique, int(chance[i])))
        picked.append(cluster[first])
    return picked[:n]


def _is_wrong(known: Evaluation, row: LabelledExample) -> bool:
    return row.id in known.outcomes and known.judged([row.id])[0] is not row.label

"""Two runs' winners on the test rows that both have measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizers.intervals import Agreement, Gain, agreement, paired_gain
from optimizers.mcnemar import McNemar, mcnemar
from optimizers.types import Evaluation, LabelledExample, Part, Snapshot

SEED = 0
"""Of the draws: the same two runs compare the same, and the other way round with the sign turned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """A run's winner on the test rows of its snapshot."""

    snapshot: Snapshot
    winner: Evaluation

    @property
    def rows(self) -> Mapping[str, LabelledExample]:
        """The test rows by id."""
        return {row.id: row for row in self.snapshot.part(Part.TEST)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """`a` and `b` on the test rows that they share. `difference` is the kappa of `b` minus that of `a`.

    `relabelled` of the shared rows have different labels in the two snapshots.
    """

    a: Agreement
    b: Agreement
    difference: Gain
    mcnemar: McNemar
    shared: int
    only_a: int
    only_b: int
    relabelled: int


def compare(a: Tested, b: Tested, *, newer: Tested) -> Comparison | None:
    """Compare two winners, row by row, by the labels of the `newer` of the two.

    `None` where they share no test row. The interval resamples groups, the same ones for both.
    """
    of_a, of_b, labels = a.rows, b.rows, newer.rows
    ids = sorted(of_a.keys() & of_b.keys())
    if not ids:
        return None
    truth, groups = [labels[i].label for i in ids], [labels[i].example.group_key for i in ids]
    said_a, said_b = a.winner.judged(ids), b.winner.judged(ids)
    return Comparison(
        a=agreement(truth, said_a, groups, rng=np.random.default_rng(SEED)),
        b=agreement(truth, said_b, groups, rng=np.random.default_rng(SEED)),
        difference=paired_gain(truth, said_a, said_b, groups, rng=np.random.default_rng(SEED)),
        mcnemar=mcnemar(truth, said_a, said_b),
        shared=len(ids),
        only_a=len(of_a) - len(ids),
        only_b=len(of_b) - len(ids),
        relabelled=sum(of_a[i].label is not of_b[i].label for i in ids),
    )

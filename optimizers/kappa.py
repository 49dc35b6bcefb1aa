"""Agreement of a judge with people: metrics of a whole set, none of a row.

*Fail* is the positive class. An answer without a verdict (unparseable, refused) is a third
category: it never agrees with a label, so that a judge gains nothing by dodging hard rows.
Every metric is `None` where its denominator is zero: undefined is not 0.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimizers.types import Label, LabelledExample

MIN_SHARED_ROWS = 20
"""Pairs of annotators that share fewer rows say too little about a ceiling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Counts of (truth, judged). `tp` is a bad output that was failed.

    `unparseable_bad` and `unparseable_good` are rows without a verdict, by their true label.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    unparseable_bad: int = 0
    unparseable_good: int = 0

    @property
    def bad(self) -> int:
        """Rows that people failed."""
        return self.tp + self.fn + self.unparseable_bad

    @property
    def good(self) -> int:
        """Rows that people passed."""
        return self.fp + self.tn + self.unparseable_good

    @property
    def unparseable(self) -> int:
        """Rows without a verdict."""
        return self.unparseable_bad + self.unparseable_good

    @property
    def n(self) -> int:
        """All rows."""
        return self.bad + self.good

    @property
    def answered(self) -> "Confusion":
        """The same without the rows that have no verdict."""
        return Confusion(tp=self.tp, fp=self.fp, fn=self.fn, tn=self.tn)


def confusion(truth: Sequence[Label], judged: Sequence[Label | None]) -> Confusion:
    """Count `judged` (`None`: no verdict) against `truth`, row by row.

    Raises:
        ValueError: the two have different lengths.
    """
    counts = dict.fromkeys(itertools.product(Label, (*Label, None)), 0)
    for cell in zip(truth, judged, strict=True):
        counts[cell] += 1
    return Confusion(
        tp=counts[Label.FAIL, Label.FAIL],
        fp=counts[Label.PASS, Label.FAIL],
        fn=counts[Label.FAIL, Label.PASS],
        tn=counts[Label.PASS, Label.PASS],
        unparseable_bad=counts[Label.FAIL, None],
        unparseable_good=counts[Label.PASS, None],
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def cohen_kappa(c: Confusion) -> float | None:
    """Cohen's kappa, in [-1, 1], higher is better; 0 is agreement by chance.

    Three categories are counted (pass, fail, no verdict); people never use the third. `None` on an
    empty set, and where both sides use one and the same category throughout.

    Source: Cohen, A Coefficient of Agreement for Nominal Scales (1960).
    """
    if c.n == 0:
        return None
    observed, by_chance = (c.tp + c.tn) / c.n, chance_agreement(c)
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def chance_agreement(c: Confusion) -> float:
    """The share of rows, in [0, 1], on which two would agree that used the categories as often as these two
    and knew nothing of the rows. `c` must not be empty."""
    return (c.bad * (c.tp + c.fp) + c.good * (c.tn + c.fn)) / c.n**2


def accuracy(c: Confusion) -> float | None:
    """Share of rows on which judge and people agree, in [0, 1]."""
    return _ratio(c.tp + c.tn, c.n)


def coverage(c: Confusion) -> float | None:
    """Share of bad outputs that the judge fails (recall on fails), in [0, 1], higher is better."""
    return _ratio(c.tp, c.bad)


def precision(c: Confusion) -> float | None:
    """Share of the judge's fails that are bad, in [0, 1], higher is better."""
    return _ratio(c.tp, c.tp + c.fp)


def false_failure_rate(c: Confusion) -> float | None:
    """Share of good outputs that the judge fails, in [0, 1], lower is better."""
    return _ratio(c.fp, c.good)


def specificity(c: Confusion) -> float | None:
    """Share of good outputs that the judge passes (recall on passes), in [0, 1]."""
    return _ratio(c.tn, c.good)


def f1(c: Confusion) -> float | None:
    """Harmonic mean of precision and coverage, in [0, 1], higher is better."""
    return _ratio(2 * c.tp, c.bad + c.tp + c.fp)


def matthews(c: Confusion) -> float | None:
    """Matthews correlation in [-1, 1], over three categories as for kappa.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation
    coefficient (2004).
    """
    judged_fail, judged_pass = c.tp + c.fp, c.tn + c.fn
    agreed_beyond = (c.tp + c.tn) * c.n - (c.bad * judged_fail + c.good * judged_pass)
    spread_truth = c.n**2 - c.bad**2 - c.good**2
    spread_judged = c.n**2 - judged_fail**2 - judged_pass**2 - c.unparseable**2
    return _ratio(agreed_beyond, math.sqrt(spread_truth * spread_judged))


# --- agreement between people -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class PairAgreement:
    """Cohen's kappa of two annotators on the rows that both labelled."""

    annotators: tuple[str, str]
    n: int
    kappa: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanAgreement:
    """Agreement of all pairs, most shared rows first.

    `ceiling` is the pair that shares the most rows (at least 20): what a judge can be expected to
    reach. Averaging the pairs would be wrong where an adjudicator saw only disputed rows.
    """

    pairs: tuple[PairAgreement, ...]
    ceiling: PairAgreement | None


def human_agreement(rows: Sequence[LabelledExample]) -> HumanAgreement:
    """Pairwise kappa of the annotators of `rows`."""
    by_annotator: dict[str, dict[str, Label]] = {}
    for row in rows:
        for note in row.annotations:
            by_annotator.setdefault(note.annotator, {})[row.id] = note.label
    pairs = [_pair(a, b, by_annotator) for a, b in itertools.combinations(sorted(by_annotator), 2)]
    pairs.sort(key=lambda pair: (-pair.n, pair.annotators))
    ceiling = pairs[0] if pairs and pairs[0].n >= MIN_SHARED_ROWS else None
    return HumanAgreement(pairs=tuple(p for p in pairs if p.n), ceiling=ceiling)


def _pair(a: str, b: str, by_annotator: Mapping[str, Mapping[str, Label]]) -> PairAgreement:
    shared = sorted(by_annotator[a].keys() & by_annotator[b].keys())
    table = confusion([by_annotator[a][i] for i in shared], [by_annotator[b][i] for i in shared])
    return PairAgreement(annotators=(a, b), n=len(shared), kappa=cohen_kappa(table))

"""Whether one person labels as they used to: their labels early and late, and what they say twice.

Two things are looked at, each with an exact test, and all tests together keep one false alarm rate:
the share of fails in the later half of what they labelled against the earlier half, and the rows that
they labelled a second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.stats import binomtest, hypergeom

from optimizers.errors import InvalidInput
from optimizers.intervals import Array, Estimate
from optimizers.kappa import cohen_kappa, confusion
from optimizers.shares import difference, wilson
from optimizers.types import Label

ALPHA = 0.05
FEW_LABELS = 40
"""First labels of one person below which halves are not compared."""

FEW_REPEATS = 10
"""Rows labelled twice below which nothing is said about them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedLabel:
    """One label as it was given. `at` is any number that grows with time, such as POSIX seconds."""

    annotator: str
    example_id: str
    label: Label
    at: float


class DriftStatus(StrEnum):
    """What the tests say of one person."""

    STEADY = "no change shown"
    CHANGED = "changed"
    TOO_FEW = "too few labels"


@dataclass(frozen=True, kw_only=True, slots=True)
class HalvesDrift:
    """The share of fails in the earlier and the later half of a person's first labels of rows.

    `change` is late minus early, in [-1, 1]. `p_value` is two-sided and exact, within strata of rows
    where a reference was given; `adjusted` is it by Holm over all tests of all people.
    """

    early: Estimate
    late: Estimate
    change: Estimate
    p_value: float
    adjusted: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RepeatDrift:
    """Rows that a person labelled again: the first label against the last.

    It is about the person only where they did not know that the row was in doubt: rows shown again
    because judges contradict the label change for that reason.

    `kappa` is of the person with themselves. `to_fail` and `to_pass` are the ids of rows that changed,
    sorted. `p_value` (exact, two-sided) is of as many changes in one direction as in the other.
    """

    n: int
    same: Estimate
    kappa: float | None
    to_fail: tuple[str, ...]
    to_pass: tuple[str, ...]
    p_value: float
    adjusted: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AnnotatorDrift:
    """One person's change over time. A part is `None` where there are too few labels for it."""

    annotator: str
    labels: int
    status: DriftStatus
    halves: HalvesDrift | None
    repeats: RepeatDrift | None


def annotator_drift(
    labels: Sequence[TimedLabel], *, reference: Mapping[str, str] | None = None, alpha: float = ALPHA
) -> tuple[AnnotatorDrift, ...]:
    """Each annotator's change, by name.

    `reference` names each row's kind by something that does not change with time (a fixed judge's
    verdict, another person's label): then halves are compared among rows of one kind, so that a change
    in which rows come up, such as by a sampler, is not taken for one of the person. Rows without a kind
    are a kind of their own. The chance that anybody is called changed though nobody is, is at most
    `alpha`.

    Raises:
        InvalidInput: `alpha` is not in (0, 1).

    Source: Fisher's exact test, over strata the exact form of Mantel and Haenszel's (Agresti,
    Categorical Data Analysis, 2013, section 7.3.5); McNemar (1947), exact; Holm (1979).
    """
    if not 0 < alpha < 1:
        raise InvalidInput(f"alpha must be in (0, 1), got {alpha}")
    found = [_drift(name, mine, reference or {}) for name, mine in _by_annotator(labels).items()]
    parts = [part for one in found for part in (one.halves, one.repeats) if part is not None]
    adjusted = iter(holm([part.p_value for part in parts]))
    return tuple(_judged(one, adjusted, alpha) for one in found)


def holm(p_values: Sequence[float]) -> list[float]:
    """`p_values` adjusted for their number, in their order; one at or below a level is significant at it
    whatever the dependence between them.

    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _by_annotator(labels: Sequence[TimedLabel]) -> dict[str, list[TimedLabel]]:
    found: dict[str, list[TimedLabel]] = {}
    for label in sorted(labels, key=lambda one: (one.annotator, one.at, one.example_id)):
        found.setdefault(label.annotator, []).append(label)
    return found


def _judged(one: AnnotatorDrift, adjusted: Iterator[float], alpha: float) -> AnnotatorDrift:
    """`one` with its p-values adjusted, taken in the order of its parts, and what follows from them."""
    halves = one.halves and replace(one.halves, adjusted=next(adjusted))
    repeats = one.repeats and replace(one.repeats, adjusted=next(adjusted))
    levels = [part.adjusted for part in (halves, repeats) if part is not None]
    status = DriftStatus.STEADY if levels else DriftStatus.TOO_FEW
    if any(level <= alpha for level in levels):
        status = DriftStatus.CHANGED
    return replace(one, halves=halves, repeats=repeats, status=status)


def _drift(name: str, mine: Sequence[TimedLabel], kinds: Mapping[str, str]) -> AnnotatorDrift:
    rows: dict[str, list[TimedLabel]] = {}
    for label in mine:
        rows.setdefault(label.example_id, []).append(label)
    first = [given[0] for given in rows.values()]  # in the order of time, as `mine` is
    again = {row_id: (given[0].label, given[-1].label) for row_id, given in rows.items() if len(given) > 1}
    return AnnotatorDrift(
        annotator=name,
        labels=len(mine),
        status=DriftStatus.TOO_FEW,
        halves=_halves(first, kinds) if len(first) >= FEW_LABELS else None,
        repeats=_repeats(again) if len(again) >= FEW_REPEATS else None,
    )


def _halves(first: Sequence[TimedLabel], kinds: Mapping[str, str]) -> HalvesDrift:
    middle = len(first) // 2
    early, late = _share(first[:middle]), _share(first[middle:])
    strata: dict[str, list[int]] = {}
    for place, one in enumerate(first):
        counts = strata.setdefault(kinds.get(one.example_id, ""), [0, 0, 0, 0])
        counts[2 * (place >= middle) + (one.label is Label.FAIL)] += 1
    p_value = stratified_exact([(cells[3], cells[2], cells[1], cells[0]) for cells in strata.values()])
    return HalvesDrift(
        early=early, late=late, change=difference(late, early), p_value=p_value, adjusted=p_value
    )


def _share(labels: Sequence[TimedLabel]) -> Estimate:
    return wilson(sum(one.label is Label.FAIL for one in labels), len(labels))


def stratified_exact(tables: Sequence[tuple[int, int, int, int]]) -> float:
    """Two-sided exact p-value that in no stratum row and column of a 2 x 2 table have to do with each other.

    A table is (a, b, c, d), with rows (a, b) and (c, d). Given all margins the sum of the a's is a sum of
    hypergeometric variables; the p-value adds up all sums at most as probable as the one observed. For
    one stratum it is Fisher's exact test.
    """
    probability: Array = np.ones(1)
    lowest = observed = 0
    for a, b, c, d in tables:
        if a + b + c + d == 0:
            continue
        low, high = max(0, a - d), min(a + b, a + c)
        chances = hypergeom.pmf(np.arange(low, high + 1), a + b + c + d, a + b, a + c)
        probability = np.convolve(probability, chances)
        lowest, observed = lowest + low, observed + a
    at = probability[observed - lowest]
    return float(min(1.0, probability[probability <= at * (1 + 1e-7)].sum()))


def _repeats(again: Mapping[str, tuple[Label, Label]]) -> RepeatDrift:
    to_fail = tuple(sorted(i for i, (a, b) in again.items() if a is Label.PASS and b is Label.FAIL))
    to_pass = tuple(sorted(i for i, (a, b) in again.items() if a is Label.FAIL and b is Label.PASS))
    changed = len(to_fail) + len(to_pass)
    p_value = float(binomtest(len(to_fail), changed).pvalue) if changed else 1.0
    return RepeatDrift(
        n=len(again),
        same=wilson(len(again) - changed, len(again)),
        kappa=cohen_kappa(confusion([a for a, _ in again.values()], [b for _, b in again.values()])),
        to_fail=to_fail,
        to_pass=to_pass,
        p_value=p_value,
        adjusted=p_value,
    )

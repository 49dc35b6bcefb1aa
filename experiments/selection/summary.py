"""From measured sets to means, and to differences with their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.selection.measuring import OURS, Measured

DRAWS = 10_000

Measure = Callable[[Measured], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One way to choose: its means, and how much more alignment and kappa our strategy has (paired); `None`
    for ours itself. `worse_in` counts the worlds in which ours has less kappa, `without_set` those in which
    the way found no set, so that everything passes."""

    way: str
    worlds: int
    alignment: float
    kappa: float
    calls: float
    calls_per_row: float
    alignment_gain: Interval | None
    kappa_gain: Interval | None
    worse_in: int
    without_set: int


def summarize(found: Sequence[Measured]) -> list[Line]:
    """A line for each way, ours first.

    Raises:
        ValueError: ways were measured in different worlds, or ours was not.
    """
    by_way: dict[str, list[Measured]] = {}
    for each in sorted(found, key=lambda one: (one.case.file, one.case.seed, one.case.mechanism)):
        by_way.setdefault(each.way, []).append(each)
    if OURS not in by_way:
        raise ValueError(f"{OURS} has not been measured")
    ours = by_way[OURS]
    return [_line(way, by_way[way], ours) for way in (OURS, *(way for way in by_way if way != OURS))]


def _line(way: str, own: Sequence[Measured], ours: Sequence[Measured]) -> Line:
    if [each.case for each in own] != [each.case for each in ours]:
        raise ValueError(f"{way} and {OURS} were measured in different worlds")
    return Line(
        way=way,
        worlds=len(own),
        alignment=_mean(own, lambda one: one.alignment),
        kappa=_mean(own, lambda one: one.kappa),
        calls=_mean(own, lambda one: one.calls),
        calls_per_row=_mean(own, lambda one: one.calls_per_row),
        alignment_gain=None if way == OURS else _gain(own, ours, lambda one: one.alignment),
        kappa_gain=None if way == OURS else _gain(own, ours, lambda one: one.kappa),
        worse_in=sum(a.kappa < b.kappa for a, b in zip(ours, own, strict=True)),
        without_set=sum(each.calls_per_row == 0 for each in own),
    )


def _mean(own: Sequence[Measured], measure: Measure) -> float:
    return float(np.mean([measure(each) for each in own]))


def _gain(own: Sequence[Measured], ours: Sequence[Measured], measure: Measure) -> Interval:
    """The paired difference. What is drawn are files, with all their worlds, and then of each its worlds:
    worlds of one file have rows in common."""
    by_file: dict[str, list[float]] = {}
    for a, b in zip(ours, own, strict=True):
        by_file.setdefault(a.case.file, []).append(measure(a) - measure(b))
    rng = np.random.default_rng(0)
    files = [np.array(differences) for differences in by_file.values()]
    draws = np.array([_drawn(files, rng) for _ in range(DRAWS)])
    low, high = np.quantile(draws, [0.025, 0.975])
    value = float(np.mean([each.mean() for each in files]))
    return Interval(value=value, low=float(low), high=float(high))


def _drawn(files: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> float:
    chosen = (files[int(i)] for i in rng.integers(len(files), size=len(files)))
    return float(np.mean([each[rng.integers(len(each), size=len(each))].mean() for each in chosen]))

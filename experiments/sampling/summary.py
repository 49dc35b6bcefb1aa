"""What the curves come to: means, differences to random order, labels saved, with intervals over worlds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.sampling.curves import LABELS, Curve

Array = NDArray[np.float64]

DRAWS = 10_000
REFERENCE = "random"
TARGET_LABELS = 100
"""Random order's kappa at so many labels is what the others are to reach."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its 95 % bootstrap interval over files and seeds. `None`: out of what was measured."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sampler with a learner over all worlds.

    `kappas` are means at `LABELS`, `gain` is the mean over them of kappa less random order's. `needed` are
    labels for the kappa that random order has at `TARGET_LABELS`.
    """

    sampler: str
    learner: str
    worlds: int
    kappas: tuple[float, ...]
    gain: Interval
    needed: Interval


def summarize(found: Sequence[Curve]) -> list[Line]:
    """A line for each sampler and learner, in their order. All must have been measured on the same worlds.

    Raises:
        ValueError: random order is missing, or worlds differ.
    """
    grouped: dict[tuple[str, str], list[Curve]] = {}
    for curve in found:
        grouped.setdefault((curve.learner, curve.sampler), []).append(curve)
    lines = []
    for (learner, sampler), own in grouped.items():
        if (learner, REFERENCE) not in grouped:
            raise ValueError(f"{REFERENCE} order has not been measured with {learner}")
        lines.append(_line(learner, sampler, _sorted(own), _sorted(grouped[learner, REFERENCE])))
    return lines


def _sorted(own: Sequence[Curve]) -> list[Curve]:
    return sorted(own, key=lambda curve: (curve.case.cluster, curve.case.mechanism))


def _line(learner: str, sampler: str, own: Sequence[Curve], reference: Sequence[Curve]) -> Line:
    if [curve.case for curve in own] != [curve.case for curve in reference]:
        raise ValueError(f"{sampler} and {REFERENCE} were measured on different worlds")
    clusters = _by_cluster(own), _by_cluster(reference)
    rng = np.random.default_rng(0)
    n = len(clusters[0])
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    means, base = drawn @ clusters[0], drawn @ clusters[1]
    mean, base_mean = clusters[0].mean(axis=0), clusters[1].mean(axis=0)
    gains = (means - base).mean(axis=1)
    at = LABELS.index(TARGET_LABELS)
    needed = [needed_labels(one, float(target)) for one, target in zip(means, base[:, at], strict=True)]
    return Line(
        sampler=sampler,
        learner=learner,
        worlds=len(own),
        kappas=tuple(float(kappa) for kappa in mean),
        gain=_interval(float((mean - base_mean).mean()), gains),
        needed=_interval(needed_labels(mean, float(base_mean[at])), np.array(needed)),
    )


def _by_cluster(own: Sequence[Curve]) -> Array:
    """Shape (clusters, labels): each file and seed counts once, however many worlds were made of it."""
    found: dict[str, list[Sequence[float]]] = {}
    for curve in own:
        found.setdefault(curve.case.cluster, []).append(curve.kappas)
    return np.array([np.mean(kappas, axis=0) for kappas in found.values()])


def needed_labels(kappas: Array, target: float) -> float:
    """How many labels a curve needs to reach `target` for the first time, between two measured numbers by a
    straight line; infinite where it never does, and the least number where it begins there."""
    if kappas[0] >= target:
        return float(LABELS[0])
    for i in range(1, len(kappas)):
        if kappas[i] >= target:
            share = (target - kappas[i - 1]) / (kappas[i] - kappas[i - 1])
            return float(LABELS[i - 1] + share * (LABELS[i] - LABELS[i - 1]))
    return float("inf")


def _interval(value: float, draws: Array) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975], method="inverted_cdf")  # some draws may be infinite
    return Interval(value=_finite(value), low=_finite(float(low)), high=_finite(float(high)))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

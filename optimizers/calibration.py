"""The threshold on a judge's probability of fail, fitted on kappa without new calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.types import Label


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """Fail at or above `value` (in [0, 1]); `kappa` is what that gave on the rows it was fitted on."""

    value: float
    kappa: float


def fit_threshold(truth: Sequence[Label], fail_probabilities: Sequence[float | None]) -> Threshold | None:
    """The threshold with the highest kappa on these rows.

    Candidates lie halfway between neighbouring probabilities; among equals the one closest to 0.5
    is taken. Rows without a probability (`None`) never agree, as everywhere. All thresholds are
    tried at once from cumulative counts. `None` where kappa is undefined for each of them.

    Raises:
        ValueError: the sequences differ in length, or a probability lies outside [0, 1].
    """
    pairs = [(p, label) for p, label in zip(fail_probabilities, truth, strict=True) if p is not None]
    if any(not 0 <= p <= 1 for p, _ in pairs):
        raise ValueError("fail_probabilities must be in [0, 1] or None")
    if not pairs:
        return None
    bad_total = sum(label is Label.FAIL for label in truth)
    thresholds, caught, failed = _cumulative(pairs)
    kappas = _kappas(thresholds.size, caught, failed, bad_total, len(truth), len(pairs))
    if np.isnan(kappas).all():
        return None
    best = np.nanmax(kappas)
    equals = thresholds[np.isclose(kappas, best, rtol=0, atol=1e-12)]
    value = float(min(equals, key=lambda t: (abs(t - 0.5), t)))
    return Threshold(value=value, kappa=float(best))


def _cumulative(
    pairs: Sequence[tuple[float, Label]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Candidate thresholds with the bad rows caught and all rows failed at each."""
    probabilities = np.array([p for p, _ in pairs])
    bad = np.array([label is Label.FAIL for _, label in pairs], dtype=np.float64)
    levels = np.unique(probabilities)
    between = (levels[:-1] + levels[1:]) / 2
    # Nothing fails above the highest level; everything fails at or below the lowest.
    thresholds = np.concatenate([[levels[0]], between, [min(1.0, (levels[-1] + 1) / 2)]])
    order = np.argsort(probabilities)
    at_or_above = np.searchsorted(probabilities[order], thresholds, side="left")
    caught_from = np.concatenate([np.cumsum(bad[order][::-1])[::-1], [0.0]])
    return thresholds, caught_from[at_or_above], len(pairs) - at_or_above.astype(np.float64)


def _kappas(
    count: int,
    caught: NDArray[np.float64],
    failed: NDArray[np.float64],
    bad_total: int,
    n: int,
    answered: int,
) -> NDArray[np.float64]:
    bad_answered = np.full(count, caught[0])  # at the lowest threshold everything answered fails
    true_negatives = (answered - failed) - (bad_answered - caught)
    observed = (caught + true_negatives) / n
    by_chance = (bad_total * failed + (n - bad_total) * (answered - failed)) / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (observed - by_chance) / (1 - by_chance)
    return np.where(by_chance == 1, np.nan, values)

"""Intervals of shares whose rows come in groups: accuracy, precision, coverage, false failure rate, F1.

A share near 0 or 1 has a bootstrap that is too sure of itself (5 of 5 would be 1 to 1), so these are
Wilson's score intervals. Rows of one group say less than as many independent ones; that is accounted
for by an effective number of rows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

from optimizers.intervals import Array, Estimate
from optimizers.kappa import Confusion
from optimizers.shares import wilson_limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """The shares of a confusion table, each in [0, 1] with its interval; see `optimizers.kappa`."""

    accuracy: Estimate
    precision: Estimate
    coverage: Estimate
    false_failure_rate: Estimate
    f1: Estimate


def shares_of_groups(groups: Iterable[Confusion]) -> Shares:
    """The shares over all groups, from the table of each, in any order."""
    counted = Counter(groups)
    tables = sorted(counted, key=astuple)
    cells = np.array([astuple(table) for table in tables], dtype=np.float64).reshape(-1, 6)
    counts = np.array([counted[table] for table in tables], dtype=np.float64)
    tp, fp, fn, tn, unparseable_bad, unparseable_good = cells.T
    bad, good = tp + fn + unparseable_bad, fp + tn + unparseable_good
    return Shares(
        accuracy=share(tp + tn, bad + good, counts, "no rows"),
        precision=share(tp, tp + fp, counts, "the judge fails no row"),
        coverage=share(tp, bad, counts, "no row is labelled fail"),
        false_failure_rate=share(fp, good, counts, "no row is labelled pass"),
        f1=_f1(share(tp, bad + fp, counts, "no row is labelled fail, and the judge fails none")),
    )


def share(parts: Array, wholes: Array, counts: Array, undefined: str) -> Estimate:
    """`sum(parts) / sum(wholes)` with Wilson's interval, from `counts` groups of each kind of pair.

    `n` is the number of rows in `wholes`. The rows count as so many independent ones as have the variance
    of the ratio between groups, but never as more than they are; where all rows are alike, which says
    nothing of that variance, as many as there are groups.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927); the
    effective number: Korn and Graubard, Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data (1998).
    """
    part, n = float(counts @ parts), float(counts @ wholes)
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, undefined=undefined)
    value = part / n
    low, high = wilson_limits(value, _effective(value, parts, wholes, counts))
    return Estimate(value=value, low=low, high=high, n=round(n))


def _effective(value: float, parts: Array, wholes: Array, counts: Array) -> float:
    """How many independent rows the groups are worth."""
    n = float(counts @ wholes)
    groups = float(counts[wholes > 0].sum())
    spread = float(counts @ (parts - value * wholes) ** 2)
    if groups < 2 or spread == 0:
        return groups
    between = groups / (groups - 1) * spread / n**2
    independent = value * (1 - value) / (n - 1)
    return min(n, n * independent / between)


def _f1(overlap: Estimate) -> Estimate:
    """F1 from tp / (tp + fp + fn), of which it is a rising function: 2 x / (1 + x)."""
    value, low, high = (
        None if x is None else 2 * x / (1 + x) for x in (overlap.value, overlap.low, overlap.high)
    )
    return Estimate(value=value, low=low, high=high, n=overlap.n, undefined=overlap.undefined)

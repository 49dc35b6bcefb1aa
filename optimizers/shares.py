"""Intervals of shares, and of the difference of two: counts of independent rows, no resampling."""

import math
from statistics import NormalDist

from optimizers.errors import InvalidInput
from optimizers.intervals import LEVEL, Estimate


def normal_quantile(level: float) -> float:
    """The two-sided standard normal quantile of `level`, in (0, 1): 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(count: int, n: int, *, level: float = LEVEL) -> Estimate:
    """The share `count / n`, in [0, 1], with Wilson's score interval; undefined where `n` is 0.

    Rows must be independent. The interval never leaves [0, 1], and is not empty for 0 or all of `n`.

    Raises:
        InvalidInput: `count` is negative or above `n`.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).
    """
    if not 0 <= count <= n:
        raise InvalidInput(f"count must be in [0, {n}], got {count}")
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, level=level, undefined="no rows")
    share = count / n
    low, high = wilson_limits(share, n, level=level)
    return Estimate(value=share, low=low, high=high, n=n, level=level)


def wilson_limits(share: float, n: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's limits for `share` of `n` independent rows; `n`, above 0, may be an effective number."""
    z = normal_quantile(level)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """`first` minus `second`, in [-1, 1], of two shares of independent samples by `wilson`.

    `n` is of both samples together. Undefined where either is.

    Source: Newcombe, Interval estimation for the difference between independent proportions (1998),
    method 10.
    """
    n, level = first.n + second.n, first.level
    a, b = _bounds(first), _bounds(second)
    if a is None or b is None:
        undefined = first.undefined or second.undefined
        return Estimate(value=None, low=None, high=None, n=n, level=level, undefined=undefined)
    value = a[0] - b[0]
    low = value - math.hypot(a[0] - a[1], b[2] - b[0])
    high = value + math.hypot(a[2] - a[0], b[0] - b[1])
    return Estimate(value=value, low=max(-1.0, low), high=min(1.0, high), n=n, level=level)


def _bounds(estimate: Estimate) -> tuple[float, float, float] | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high

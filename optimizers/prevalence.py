"""How often traffic really fails, from what a judge says of it and from how the judge errs.

A judge that fails 30 % of all rows does not mean that 30 % are bad: it misses some bad ones and
fails some good ones. Rogan and Gladen's correction takes both rates from a labelled sample; the
interval carries the uncertainty of both samples.
"""

import math
from dataclasses import dataclass

from optimizers.errors import CorrectionRefused, InvalidInput, NotEnoughLabels
from optimizers.intervals import LEVEL, Estimate
from optimizers.kappa import Confusion
from optimizers.shares import difference, normal_quantile, wilson

FEW_PER_CLASS = 10
"""Labels of one class below which the correction comes with a warning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """A judge's verdicts on unlabelled rows, counted.

    `unanswered` are unparseable answers and refusals. Failures of the provider are no outcome of the
    judge: they belong in none of the counts.
    """

    failed: int
    passed: int
    unanswered: int = 0

    def __post_init__(self) -> None:
        for name in ("failed", "passed", "unanswered"):
            if getattr(self, name) < 0:
                raise InvalidInput(f"traffic.{name} must be 0 or more, got {getattr(self, name)}")

    @property
    def n(self) -> int:
        """All rows."""
        return self.failed + self.passed + self.unanswered


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectedRate:
    """The corrected fail rate of traffic and what it rests on; all shares are in [0, 1].

    `fail_rate` and `pass_rate` add up to 1. `apparent` is the share of traffic that the judge fails.
    `sensitivity` is the share of bad rows that it fails (coverage), `specificity` the share of good
    rows that it does not fail: a row without a verdict is not failed. `separation` is sensitivity +
    specificity - 1. `unclipped` is the correction before it was cut to [0, 1], and `clipped` whether
    anything was cut off. `unanswered` counts the traffic rows without a verdict.
    """

    fail_rate: Estimate
    pass_rate: Estimate
    apparent: Estimate
    sensitivity: Estimate
    specificity: Estimate
    separation: Estimate
    unclipped: float
    clipped: bool
    unanswered: int
    warnings: tuple[str, ...] = ()


def corrected_rate(labelled: Confusion, traffic: Traffic, *, level: float = LEVEL) -> CorrectedRate:
    """The fail rate of `traffic`, corrected for the errors that the judge makes on `labelled`.

    The judge counts as a test that is positive where it fails a row; pass and no verdict are both
    negative, in either sample. So all rows of traffic are corrected, also those without a verdict,
    and nothing is assumed of them. With apparent rate p, sensitivity Se and specificity Sp the rate
    is (p + Sp - 1) / (Se + Sp - 1), cut to [0, 1].

    It is right if the labelled rows of each class are to the judge like the traffic's rows of that
    class: drawn by chance from the same traffic, independent of each other, and not used to build the
    judge. The classes' shares may differ between the samples.

    Raises:
        NotEnoughLabels: `labelled` lacks bad or good rows.
        InvalidInput: `traffic` is empty.
        CorrectionRefused: sensitivity + specificity <= 1 on `labelled`; such a judge tells nothing.

    Source: Rogan and Gladen, Estimating prevalence from the results of a screening test (1978); the
    interval: Lang and Reiczigel, Confidence limits for prevalence of disease adjusted for estimated
    sensitivity and specificity, Preventive Veterinary Medicine 113 (2014), 13-22.
    """
    _check(labelled, traffic)
    sensitivity = wilson(labelled.tp, labelled.bad, level=level)
    specificity = wilson(labelled.good - labelled.fp, labelled.good, level=level)
    separation = difference(sensitivity, wilson(labelled.fp, labelled.good, level=level))
    assert sensitivity.value is not None
    assert specificity.value is not None
    apparent = wilson(traffic.failed, traffic.n, level=level)
    assert apparent.value is not None
    if labelled.tp * labelled.good <= labelled.fp * labelled.bad:  # in whole numbers: no rounding
        raise CorrectionRefused(sensitivity.value, specificity.value, labelled.bad, labelled.good)
    raw = (apparent.value + specificity.value - 1) / (sensitivity.value + specificity.value - 1)
    value = min(1.0, max(0.0, raw))
    low, high = _limits(labelled, traffic, normal_quantile(level))
    # The shifted interval may miss the plain estimate by a little: it must hold what stands before it.
    low, high = min(low, value), max(high, value)
    return CorrectedRate(
        fail_rate=Estimate(value=value, low=low, high=high, n=traffic.n, level=level),
        pass_rate=Estimate(value=1 - value, low=1 - high, high=1 - low, n=traffic.n, level=level),
        apparent=apparent,
        sensitivity=sensitivity,
        specificity=specificity,
        separation=separation,
        unclipped=raw,
        clipped=raw != value,
        unanswered=traffic.unanswered,
        warnings=tuple(_warnings(labelled, traffic, separation, raw)),
    )


def _check(labelled: Confusion, traffic: Traffic) -> None:
    missing = {name: 1 for name, n in (("fail", labelled.bad), ("pass", labelled.good)) if n == 0}
    if missing:
        raise NotEnoughLabels(
            f"the judge's errors need labelled rows of both classes, got {labelled.bad} fail and "
            f"{labelled.good} pass",
            missing,
        )
    if traffic.n == 0:
        raise InvalidInput("traffic must have at least one row, got 0")


def _limits(labelled: Confusion, traffic: Traffic, z: float) -> tuple[float, float]:
    """Lang and Reiczigel's limits: each share is drawn towards one half, then the delta method with a
    shift for the skewness that comes from dividing by an estimate."""
    n, n_se, n_sp = traffic.n + z**2, labelled.bad + 2, labelled.good + 2
    p = (traffic.failed + z**2 / 2) / n
    se, sp = (labelled.tp + 1) / n_se, (labelled.good - labelled.fp + 1) / n_sp
    separation = se + sp - 1
    if separation <= 0:  # so few labels that nothing is excluded
        return 0.0, 1.0
    rate = (p + sp - 1) / separation
    var_se, var_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    error = math.sqrt(p * (1 - p) / n + rate**2 * var_se + (1 - rate) ** 2 * var_sp) / separation
    shift = 2 * z**2 * (rate * var_se - (1 - rate) * var_sp)
    return min(1.0, max(0.0, rate + shift - z * error)), max(0.0, min(1.0, rate + shift + z * error))


def _warnings(labelled: Confusion, traffic: Traffic, separation: Estimate, raw: float) -> list[str]:
    found = []
    if separation.low is not None and separation.low <= 0:
        found.append(
            "the labelled rows do not exclude that sensitivity + specificity <= 1 "
            f"({separation.low + 1:.2f} to {(separation.high or 0) + 1:.2f}): label more rows first"
        )
    few = [
        f"{n} {name}" for name, n in (("fail", labelled.bad), ("pass", labelled.good)) if n < FEW_PER_CLASS
    ]
    if few:
        found.append(f"the judge's errors are known from {' and '.join(few)} label(s) only")
    if not 0 <= raw <= 1:
        found.append(
            f"the corrected fail rate was {raw:.3f} and is cut to [0, 1]: the traffic differs from the "
            "labelled rows, or one of the samples is small"
        )
    dodged = difference(wilson(traffic.unanswered, traffic.n), wilson(labelled.unparseable, labelled.n))
    if dodged.low is not None and dodged.high is not None and (dodged.low > 0 or dodged.high < 0):
        found.append(
            f"{traffic.unanswered} of {traffic.n} traffic rows have no verdict, {labelled.unparseable} of "
            f"{labelled.n} labelled ones: the judge treats the two samples differently"
        )
    return found

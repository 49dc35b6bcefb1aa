"""Whether a judge still agrees with people: successive labelled samples of traffic against a bound on kappa.

Looking again after each sample would make an ordinary test give a false alarm sooner or later. Here the
evidence is an e-process, a bet against "kappa is at or above the bound" that nobody can expect to win
while that holds: it passes 1 / alpha at any time, ever, with a chance of at most alpha, however often
and whenever one looks.

The bet. Kappa is at or above k exactly where (agreement - k) - (1 - k) * (agreement by chance) >= 0. Two
rows i and j give an unbiased estimate of the left side:

    X = (A_ii + A_jj) / 2 - k - (1 - k) * (A_ij + A_ji) / 2,    A_ij = 1 if label i equals verdict j

with X in [-1, 1 - k]. So the product of (1 - c * X) over pairs of rows, for a stake c in [0, 1 / (1 - k)),
is a nonnegative supermartingale while kappa >= k. Products for several stakes, and for a start at each
sample, are averaged: a fall that begins late is not diluted by the good time before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from optimizers.errors import InvalidInput
from optimizers.intervals import DRAWS, Agreement, Array, Estimate, bootstrap_kappa
from optimizers.kappa import chance_agreement
from optimizers.shares import wilson
from optimizers.types import Label

ALPHA = 0.025
"""The chance of a false alarm, ever, while kappa is at or above the bound. Against the lower limit of a
95 % interval, which lies above the true kappa with a chance of 0.025 as well, it is 0.05 in all."""

FEW_LABELS = 20
_PAIRINGS = 50
_STAKES = (0.1, 0.2, 0.35, 0.5, 0.7)
"""As shares of the largest stake."""


class MonitorStatus(StrEnum):
    """What the samples say."""

    OK = "ok"
    FALLEN = "fallen"
    TOO_FEW = "too few"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficSample:
    """Rows of traffic that people labelled, drawn by chance at one time. `name` says which (a date, say).

    The sequences are parallel; `judged` is `None` where the judge gave no verdict, `groups` names what
    belongs together, as everywhere.
    """

    name: str
    truth: tuple[Label, ...]
    judged: tuple[Label | None, ...]
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.truth), len(self.judged), len(self.groups)}
        if len(sizes) > 1:
            raise InvalidInput(
                f"sample {self.name!r}: truth, judged and groups must be of one length, got {sorted(sizes)}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was known after one sample: its own kappa, and the evidence (1: none) of all so far."""

    name: str
    kappa: Estimate
    evidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorReading:
    """What the samples say. `evidence` is the largest so far; at `alarm_at` (1 / alpha) or above, kappa has
    fallen below `bound`, and `fallen_at` names the sample that showed it. `n` counts labelled rows.

    `ok` means that no fall is shown, not that there is none: see the looks' intervals.
    """

    status: MonitorStatus
    bound: float
    evidence: float
    alarm_at: float
    fallen_at: str | None
    n: int
    looks: tuple[Look, ...]


def measured_bound(measured: Agreement) -> float:
    """The bound for a judge whose agreement was measured: kappa's lower limit, so that chance in that
    measurement is not taken for a fall.

    Where hardly a row disagrees the bootstrap sees no chance at all; so the bound is also at most the
    kappa that goes with the lower limit (Wilson) of the share of rows that agree.

    Raises:
        InvalidInput: the bound is not above 0: there is nothing to fall from.
    """
    low = measured.kappa.low
    agreed = wilson(measured.confusion.tp + measured.confusion.tn, measured.n).low
    if low is not None and agreed is not None:
        low = min(low, (agreed - (by_chance := chance_agreement(measured.confusion))) / (1 - by_chance))
    if low is None or low <= 0:
        raise InvalidInput(f"the measured kappa must have a lower limit above 0, got {low}")
    return low


def monitor(
    samples: Sequence[TrafficSample], bound: float, *, alpha: float = ALPHA, seed: int = 0, draws: int = DRAWS
) -> MonitorReading:
    """Whether kappa on `samples`, in the order of time, has fallen below `bound`.

    Rows are bet on by group, each group as one row that is the mean of its rows; which groups make a
    pair is drawn by `seed`, many times, and averaged. A sample whose groups are seen again is not
    independent of the former: draw new rows. An alarm stays: a judge that was changed is watched anew.

    Raises:
        InvalidInput: `bound` or `alpha` is not in (0, 1).

    Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (2024), for
    the bet; Ville (1939) for the bound on false alarms; Shin, Ramdas and Rinaldo, E-detectors (2024), for
    starts at each sample.
    """
    for name, value in (("bound", bound), ("alpha", alpha)):
        if not 0 < value < 1:
            raise InvalidInput(f"{name} must be in (0, 1), got {value}")
    factors = [_sample_factors(s, bound, np.random.default_rng([seed, i])) for i, s in enumerate(samples)]
    looks, evidence = [], 1.0
    for i, sample in enumerate(samples):
        evidence = _mixed(factors[: i + 1])
        rng = np.random.default_rng([seed, i, 1])
        kappa = bootstrap_kappa(sample.truth, sample.judged, sample.groups, rng=rng, draws=draws)
        looks.append(Look(name=sample.name, kappa=kappa, evidence=evidence))
    n = sum(len(sample.truth) for sample in samples)
    fallen_at = next((look.name for look in looks if look.evidence >= 1 / alpha), None)
    status = MonitorStatus.OK if n >= FEW_LABELS else MonitorStatus.TOO_FEW
    return MonitorReading(
        status=MonitorStatus.FALLEN if fallen_at is not None else status,
        bound=bound,
        evidence=max((look.evidence for look in looks), default=1.0),
        alarm_at=1 / alpha,
        fallen_at=fallen_at,
        n=n,
        looks=tuple(looks),
    )


def _mixed(factors: Sequence[Array]) -> float:
    """The average of the bets that begin at each sample, weighed 1/2, 1/6, 1/12, ...; what is left of the
    weights is a bet that has not begun, and counts as 1."""
    value, begun = 0.0, 0.0
    product = np.ones(len(_STAKES))
    tails = []
    for factor in reversed(factors):
        product = product * factor
        tails.append(float(product.mean()))
    for k, tail in enumerate(reversed(tails), start=1):
        weight = 1 / (k * (k + 1))
        value, begun = value + weight * tail, begun + weight
    return value + 1 - begun


def _sample_factors(sample: TrafficSample, bound: float, rng: np.random.Generator) -> Array:
    """Shape (stakes,): what each stake becomes over one sample, the mean over random pairings."""
    agreed, said = _by_group(sample)
    n_pairs = len(agreed) // 2
    if n_pairs == 0:
        return np.ones(len(_STAKES))
    stakes = np.array(_STAKES) / (1 - bound)
    grown = np.zeros(len(_STAKES))
    for _ in range(_PAIRINGS):
        order = rng.permutation(len(agreed))
        i, j = order[:n_pairs], order[n_pairs : 2 * n_pairs]
        by_chance = (said[i, :2] * said[j, 2:] + said[j, :2] * said[i, 2:]).sum(axis=1) / 2
        x = (agreed[i] + agreed[j]) / 2 - bound - (1 - bound) * by_chance
        grown += np.prod(1 - stakes[:, None] * x[None, :], axis=1)
    return grown / _PAIRINGS


def _by_group(sample: TrafficSample) -> tuple[Array, Array]:
    """Of each group the share of rows on which judge and people agree, and the shares (groups, 4) of:
    labelled fail, labelled pass, judged fail, judged pass."""
    place = {name: i for i, name in enumerate(sorted(set(sample.groups)))}
    sums = np.zeros((len(place), 6))
    for label, verdict, group in zip(sample.truth, sample.judged, sample.groups, strict=True):
        sums[place[group]] += (
            1,
            label is verdict,
            label is Label.FAIL,
            label is Label.PASS,
            verdict is Label.FAIL,
            verdict is Label.PASS,
        )
    shares = sums[:, 1:] / sums[:, :1]
    return shares[:, 0], shares[:, 1:]

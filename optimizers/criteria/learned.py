"""A learned rule: how much the evidence of each assertion counts.

A logistic regression with a ridge penalty on the weights. Assertions are many and labels few,
so weights are shrunk; and where only so many assertions may be asked, those that move the balance least
leave a few at a time, and the others are fitted again (backward elimination).

Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), sections 3.3 and 4.4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]

PENALTY = 3.0
"""The ridge's: what a weight of 1 costs in log-likelihood is half of it."""

_DIGITS = 4
_SHARE_DROPPED = 6
"""One in so many of the assertions leaves at a time."""


@dataclass(frozen=True, kw_only=True)
class LearnedRule:
    """The assertions that count, by their places, the weight of each, and the bias; rounded, so that what
    is written down is what was measured."""

    members: tuple[int, ...]
    weights: tuple[float, ...]
    bias: float


def learn(evidence: Array, bad: NDArray[np.bool_], *, most: int) -> LearnedRule:
    """The rule over at most `most` (1 or more) of the assertions; `evidence` has the shape (assertions,
    rows), `bad` the labels of the rows, of both classes. An assertion whose weight rounds to 0 is left out.
    """
    members = list(range(len(evidence)))
    with threadpool_limits(1):  # what several threads add up depends on how many there are
        weights, bias = _fitted(evidence, bad)
        while len(members) > most:
            moves = np.abs(weights) * evidence[members].std(axis=1)
            leaving = max(1, min(len(members) - most, len(members) // _SHARE_DROPPED))
            kept = sorted(np.argsort(-moves, kind="stable")[: len(members) - leaving].tolist())
            members = [members[i] for i in kept]
            weights, bias = _fitted(evidence[members], bad)
    rounded = [round(float(weight), _DIGITS) for weight in weights]
    counted = [(member, weight) for member, weight in zip(members, rounded, strict=True) if weight]
    return LearnedRule(
        members=tuple(member for member, _ in counted),
        weights=tuple(weight for _, weight in counted),
        bias=round(bias, _DIGITS),
    )


def _fitted(evidence: Array, bad: NDArray[np.bool_]) -> tuple[Array, float]:
    found = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-8).fit(evidence.T, bad)
    return found.coef_[0], float(found.intercept_[0])

"""What is made of labels: a judge from a fixed pool of assertions, without a call."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import numpy as np

from experiments.sampling.pool import AssertionPool
from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.rules import TAU
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label
from optimizers.votes import fail_margins

_MOST = 8

Learner = Callable[[AssertionPool, Collection[str]], float]
"""Kappa on the pool's held-out rows of what is made of the labels of the rows given."""


def any_fail_set(pool: AssertionPool, labelled: Collection[str]) -> float:
    """The set of assertions, any of which fails a row, that was built up one by one for the best kappa on
    the labels."""
    own = pool.matrix.restricted(labelled)
    chosen: list[str] = []
    best = 0.0
    while len(chosen) < _MOST:
        kappas = [cohen_kappa(own.confusion([*chosen, name])) or 0.0 for name in own.assertions]
        at = int(np.argmax(kappas))
        if kappas[at] <= best + 1e-9:
            break
        chosen.append(own.assertions[at])
        best = kappas[at]
    return _kappa_of_set(pool, chosen)


def evalgen_rule(pool: AssertionPool, labelled: Collection[str]) -> float:
    """EvalGen's: for each criterion the assertion with most coverage within the false failure rate."""
    return _kappa_of_set(pool, evalgen(pool.matrix.restricted(labelled), pool.criteria, tau=TAU))


def learned_rule(pool: AssertionPool, labelled: Collection[str]) -> float:
    """A regression over what all assertions answer."""
    rows = (*pool.to_label, *pool.held_out)
    known = set(labelled)
    of = np.array([row in known for row in rows])
    bad = np.array([pool.labels[row] is Label.FAIL for row in rows if row in known])
    if bad.all() or not bad.any():
        return 0.0
    margins = fail_margins(pool.said, of, bad)
    judged = [Label.FAIL if margin > 0 else Label.PASS for margin in margins[len(pool.to_label) :]]
    return cohen_kappa(confusion([pool.labels[row] for row in pool.held_out], judged)) or 0.0


LEARNERS: Mapping[str, Learner] = MappingProxyType(
    {"learned rule": learned_rule, "any-fail set": any_fail_set, "EvalGen's rule": evalgen_rule}
)
"""By the name that the report gives them."""


def _kappa_of_set(pool: AssertionPool, chosen: Collection[str]) -> float:
    return cohen_kappa(pool.matrix.restricted(pool.held_out).confusion(chosen)) or 0.0

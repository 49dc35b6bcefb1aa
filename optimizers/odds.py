"""Outcomes as evidence: the log-odds of fail that a verdict stands for."""

import math

from optimizers.types import Label, Outcome, Verdict

_SURE = 0.98
"""Probabilities are cut to [1 - this, this]."""

_PLAIN = 0.85
"""What a verdict of fail without a probability counts as."""

MOST_EVIDENCE = math.log(_SURE / (1 - _SURE))
"""The log-odds of a verdict that is as sure as can be: 3.9."""


def log_odds(outcome: Outcome | None) -> float:
    """The log-odds of fail that `outcome` gives, in [-3.9, 3.9]; 0 where there is no verdict."""
    if not isinstance(outcome, Verdict):
        return 0.0
    plain = _PLAIN if outcome.label is Label.FAIL else 1 - _PLAIN
    p = plain if outcome.fail_probability is None else outcome.fail_probability
    p = min(_SURE, max(1 - _SURE, p))
    return math.log(p / (1 - p))

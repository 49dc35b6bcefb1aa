"""The rules of selection by name, without what they need to work: the API process loads that when asked."""

from enum import StrEnum

ALPHA, TAU = 0.6, 0.25
"""The bounds of whoever gives none: coverage at least, false failure rate at most; as in the core."""


class Rule(StrEnum):
    """How assertions are chosen; the core's `SelectionRule`."""

    KAPPA = "kappa"
    EVALGEN = "evalgen"
    SPADE_COV = "spade_cov"
    SPADE_SUB = "spade_sub"

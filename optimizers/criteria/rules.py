"""The rules of selection by name, and their bounds. Light to import: requests and commands name them, too."""

from enum import StrEnum

ALPHA, TAU = 0.6, 0.25
"""The bounds of whoever gives none: coverage at least, false failure rate at most."""


class SelectionRule(StrEnum):
    """How assertions are chosen."""

    KAPPA = "kappa"
    """The set with the best kappa, less what its assertions cost."""
    EVALGEN = "evalgen"
    """For each criterion the assertion with the most coverage within the false failure rate."""
    SPADE_COVERAGE = "spade_cov"
    """The fewest assertions within both bounds."""
    SPADE_SUBSUMPTION = "spade_sub"
    """As few as possible of chosen assertions and of those lost, within both bounds."""

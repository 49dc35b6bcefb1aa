"""Where a search starts: the baseline, and a candidate that can be edited."""

from optimizers.protocols import Problem
from optimizers.types import Candidate
from optimizers.workbench import Workbench


def start(bench: Workbench) -> Candidate:
    """Measure the baseline (trial 0) and the candidate that edits start from, unless they are one."""
    bench.measure(bench.problem.baseline, origin="baseline")
    base = editable(bench.problem)
    if base.id != bench.problem.baseline.id and bench.affordable(bench.missing(base)):
        bench.measure(base, parent=bench.problem.baseline, origin="default instruction")
    return base


def editable(problem: Problem) -> Candidate:
    """The baseline, or the judge's default instruction with the criterion where it is verbatim.

    A user's own prompt, sent verbatim, has no instruction or place for examples that a strategy could
    change without guessing; it stays in the race as it is.
    """
    return Candidate() if problem.baseline.verbatim is not None else problem.baseline

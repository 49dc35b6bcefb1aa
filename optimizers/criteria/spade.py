"""SPADE's integer programmes: the fewest assertions that catch enough and fail few good outputs.

Source: Shankar et al., SPADE: Synthesizing Data Quality Assertions for Large Language Model Pipelines
(PVLDB 17, 2024).
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from optimizers.criteria.matrix import AssertionMatrix
from optimizers.criteria.program import Bound, Linear, Program
from optimizers.errors import SelectionInfeasible
from optimizers.strategies.options import share

_SLACK = 1e-9
"""Against the rounding of a product such as 0.9 * 30."""


def spade_coverage(matrix: AssertionMatrix, *, alpha: float, tau: float) -> tuple[str, ...]:
    """SPADE_cov: the fewest assertions with coverage at least `alpha` and false failure rate at most
    `tau`, both in [0, 1]. Among equally few: most coverage, then the fewest false failures.

    Raises:
        SelectionInfeasible: there is no such set.
        InvalidInput: `alpha` or `tau` is out of range.
    """
    program = Program(matrix)
    return _fewest(matrix, program, program.chosen(), len, alpha, tau)


def spade_subsumption(
    matrix: AssertionMatrix, *, alpha: float, tau: float, subsumes: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """SPADE_sub: as few as possible of chosen assertions, and of those left out that no chosen one
    subsumes, together; with coverage at least `alpha` and false failure rate at most `tau`.

    `subsumes` holds pairs (one, other): whatever fails `other` fails `one`. So with few labelled rows an
    assertion is not lost merely because no row happens to show what it is for. Ties as in
    `spade_coverage`. (The authors' published code sets both terms as objectives one after the other, so
    that only the second counts; here it is their sum, as the paper has it.)

    Raises:
        SelectionInfeasible, InvalidInput: as `spade_coverage`; a pair names an unknown assertion.
    """
    pairs = [tuple(matrix.indices(pair)) for pair in subsumes]
    program = Program(matrix, extra=len(matrix.assertions))
    first = program.n_variables - program.m
    for j in range(program.m):
        # 1 where j is lost: neither chosen, nor subsumed by one that is.
        keeping = {one: 1.0 for one, other in pairs if other == j}
        program.limit({first + j: 1.0, **keeping, j: 1.0}, 1.0, np.inf)
    objective = program.chosen()
    objective[first:] = 1.0

    def weight(chosen: tuple[int, ...]) -> int:
        kept = {*chosen, *(other for one, other in pairs if one in chosen)}
        return len(chosen) + program.m - len(kept)

    return _fewest(matrix, program, objective, weight, alpha, tau)


def observed_subsumption(matrix: AssertionMatrix, *, least: int = 2) -> frozenset[tuple[str, str]]:
    """The pairs (one, other) where each row that `other` fails is failed by `one`, and it fails `least`.

    What rows show is weaker than what SPADE asks a language model for: use it where nobody was asked.
    """
    fails = matrix.fails.astype(np.int64)
    missed = fails @ (1 - fails.T)  # (other, one): rows that other fails and one does not
    counts = fails.sum(axis=1)
    return frozenset(
        (matrix.assertions[one], matrix.assertions[other])
        for other, one in np.argwhere(missed == 0)
        if one != other and counts[other] >= least
    )


def _fewest(
    matrix: AssertionMatrix,
    program: Program,
    objective: Linear,
    weight: Callable[[tuple[int, ...]], int],
    alpha: float,
    tau: float,
) -> tuple[str, ...]:
    least, most = _counts(matrix, alpha, tau)
    bounds: list[Bound] = [(program.tp, least, np.inf), (program.fp, -np.inf, most)]
    found = program.minimize(objective, bounds)
    if found is None:
        raise _infeasible(matrix, program, alpha, tau)
    # Among equally good sets: one more caught is worth more than any number of false failures.
    better = program.fp - (matrix.n_good + 1) * program.tp
    tied = program.minimize(better, [*bounds, (objective, -np.inf, weight(found))])
    return tuple(matrix.assertions[j] for j in (tied if tied is not None else found))


def _counts(matrix: AssertionMatrix, alpha: float, tau: float) -> tuple[int, int]:
    """Bad rows that must be caught at least, and good rows that may be failed at most."""
    least = math.ceil(share("alpha", alpha) * matrix.n_bad - _SLACK)
    most = math.floor(share("tau", tau) * matrix.n_good + _SLACK)
    return least, most


def _infeasible(matrix: AssertionMatrix, program: Program, alpha: float, tau: float) -> SelectionInfeasible:
    least, most = _counts(matrix, alpha, tau)
    cautious = program.minimize(-program.tp, [(program.fp, -np.inf, most)])
    thorough = program.minimize(program.fp, [(program.tp, least, np.inf)])
    assert cautious is not None  # the empty set fails nothing
    caught = matrix.confusion(matrix.assertions[j] for j in cautious).tp
    coverage = caught / matrix.n_bad
    said = f"with a false failure rate of at most {tau:g} coverage reaches at most {coverage:.3g}"
    if thorough is None:
        everything = matrix.confusion(matrix.assertions).tp / matrix.n_bad
        return SelectionInfeasible(
            f"alpha {alpha:g} cannot be met: all assertions together have a coverage of {everything:.3g}; "
            f"{said}",
            bound="coverage",
            reachable=coverage,
        )
    wrong = matrix.confusion(matrix.assertions[j] for j in thorough).fp / matrix.n_good
    return SelectionInfeasible(
        f"tau {tau:g} cannot be met with alpha {alpha:g}: a coverage of {alpha:g} takes a false failure rate "
        f"of at least {wrong:.3g}; {said}",
        bound="false_failure_rate",
        reachable=wrong,
    )

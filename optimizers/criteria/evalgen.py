"""EvalGen's rule: for each criterion the one assertion that fits people's labels best."""

from collections.abc import Mapping, Sequence

from optimizers.criteria.matrix import AssertionMatrix
from optimizers.criteria.measures import measures
from optimizers.strategies.options import share


def evalgen(
    matrix: AssertionMatrix,
    criteria: Mapping[str, Sequence[str]],
    *,
    tau: float,
    prices: Mapping[str, float] | None = None,
) -> tuple[str, ...]:
    """Of each criterion's assertions (`criteria`: ids by criterion) the one with the most coverage among
    those with a false failure rate of at most `tau`, in [0, 1].

    Of equally good ones that with fewer false failures, then the cheaper, then the first by id. A
    criterion without an assertion that keeps to `tau`, or that catches anything, adds none.

    Raises:
        InvalidInput: `tau` is out of range, or an assertion is not in the matrix.

    Source: Shankar et al., Who Validates the Validators? (EvalGen, 2024).
    """
    share("tau", tau)
    found = (_best(matrix, criteria[name], tau, prices or {}) for name in sorted(criteria))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _best(
    matrix: AssertionMatrix, names: Sequence[str], tau: float, prices: Mapping[str, float]
) -> str | None:
    ranked = []
    for name in names:
        own = measures(matrix.confusion([name]))
        false_failures = own.false_failure_rate or 0.0
        if false_failures <= tau and own.coverage:
            ranked.append((-own.coverage, false_failures, prices.get(name, 0.0), name))
    return min(ranked)[-1] if ranked else None

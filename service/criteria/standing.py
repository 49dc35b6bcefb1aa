"""Which of a criterion's assertions stands for it."""

from collections.abc import Mapping, Sequence

from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.matrix import AssertionMatrix, matrix_of
from optimizers.criteria.measures import measures
from optimizers.criteria.rules import TAU
from optimizers.types import Evaluation, Label, Outcome
from service.criteria.tables import AssertionRow

Outcomes = Mapping[str, Mapping[str, Outcome]]
"""By assertion, then by row."""


def matrix(
    assertions: Sequence[AssertionRow], outcomes: Outcomes, labels: Mapping[str, Label]
) -> AssertionMatrix:
    """The core's matrix of what `assertions` say of the rows that have `labels`."""
    evaluations = {row.id: Evaluation(candidate_id=row.id, outcomes=outcomes[row.id]) for row in assertions}
    return matrix_of(evaluations, labels)


def standing(
    assertions: Sequence[AssertionRow], outcomes: Outcomes, labels: Mapping[str, Label]
) -> AssertionRow | None:
    """The best by EvalGen's rule on the rows of `labels`, on which nothing is reported; where none keeps to
    its false failure rate, the best aligned; where there are no labels, the first. `None` where none has
    been asked yet."""
    asked = [row for row in assertions if outcomes[row.id]]
    if len(asked) < 2 or not labels:
        return asked[0] if asked else None
    found = matrix(asked, outcomes, labels)
    best = evalgen(found, {"": [row.id for row in asked]}, tau=TAU)
    if best:
        return next(row for row in asked if row.id == best[0])
    return max(asked, key=lambda row: measures(found.confusion([row.id])).alignment or 0.0)

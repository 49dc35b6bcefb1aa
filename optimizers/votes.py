"""What candidates say of rows, as numbers that a regression can weigh."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from optimizers.odds import log_odds
from optimizers.types import Outcome

_INVERSE_PENALTY = 0.02


def answers(
    rows: Sequence[str], candidates: Sequence[str], outcomes: Mapping[str, Mapping[str, Outcome]]
) -> NDArray[np.float64]:
    """`log_odds` of shape (rows, candidates); `outcomes` is by candidate, then by example id."""
    found = [[log_odds(outcomes[name].get(row)) for name in candidates] for row in rows]
    return np.array(found, dtype=np.float64).reshape(len(rows), len(candidates))


def fail_margins(
    said: NDArray[np.float64], labelled: NDArray[np.bool_], bad: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How far each row is from the boundary of a regression over the candidates' answers, above 0 for fail.

    `said` has shape (rows, candidates), `labelled` marks the rows that it is fitted on, `bad` are their
    labels, in order, of both classes. The penalty is strong: there are more candidates than labels.
    """
    with threadpool_limits(1):  # what several threads add up depends on how many there are
        model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1_000).fit(said[labelled], bad)
        margins: NDArray[np.float64] = model.decision_function(said)
    return margins

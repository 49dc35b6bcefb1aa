"""The integer programme that all selections share: a choice of assertions, and what follows from it.

For each kind of row (same label, failed by the same assertions) there is one variable that is 1 exactly
if a chosen assertion fails it, and, where assertions have no verdict on it, one that is 1 exactly if none
fails it and a chosen one has no verdict. The confusion counts are linear in them. Solved exactly by HiGHS.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from optimizers.criteria.matrix import AssertionMatrix

Linear = NDArray[np.float64]
"""Coefficients of a linear function, one for each variable of the programme."""

Bound = tuple[Linear, float, float]
"""A linear function with its least and its greatest value."""


class Program:
    """Choices from the assertions of `matrix`; `extra` further variables between 0 and 1 may be tied to
    them by `limit`. `tp` and the like are linear functions over all variables."""

    def __init__(self, matrix: AssertionMatrix, *, extra: int = 0) -> None:
        self.m = len(matrix.assertions)
        kinds, weights = _kinds(matrix)
        unsure = [k for k, kind in enumerate(kinds) if kind[1 + self.m :].any()]
        self.n_variables = self.m + len(kinds) + len(unsure) + extra
        self._rows: list[Linear] = []
        self._low: list[float] = []
        self._high: list[float] = []
        failed = {k: self.m + k for k in range(len(kinds))}
        unknown = {k: self.m + len(kinds) + i for i, k in enumerate(unsure)}
        for k, kind in enumerate(kinds):
            self._tie(kind, failed[k], unknown.get(k))
        bad = [k for k, kind in enumerate(kinds) if kind[0]]
        good = [k for k, kind in enumerate(kinds) if not kind[0]]
        self.tp, self.fp = self._sum(failed, bad, weights), self._sum(failed, good, weights)
        self.unknown_bad = self._sum(unknown, bad, weights)
        self.unknown_good = self._sum(unknown, good, weights)

    def chosen(self, weights: Sequence[float] | None = None) -> Linear:
        """How many are chosen, or the sum of their `weights`."""
        found = np.zeros(self.n_variables)
        found[: self.m] = 1.0 if weights is None else weights
        return found

    def minimize(self, objective: Linear, bounds: Sequence[Bound] = ()) -> tuple[int, ...] | None:
        """The choice with the least `objective` within `bounds`, as positions; `None` if there is none."""
        rows = [*self._rows, *(bound[0] for bound in bounds)]
        low = [*self._low, *(bound[1] for bound in bounds)]
        high = [*self._high, *(bound[2] for bound in bounds)]
        integral = np.zeros(self.n_variables)
        integral[: self.m] = 1
        result = milp(
            c=objective,
            integrality=integral,
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(csr_array(np.array(rows)), low, high) if rows else (),
            options={"mip_rel_gap": 0.0},
        )
        if result.x is None:
            return None
        return tuple(int(j) for j in np.flatnonzero(np.round(result.x[: self.m])))

    def limit(self, coefficients: Mapping[int, float], low: float, high: float) -> None:
        """Keep the linear function of the variables that `coefficients` names between `low` and `high`."""
        row = np.zeros(self.n_variables)
        row[list(coefficients)] = list(coefficients.values())
        self._rows.append(row)
        self._low.append(low)
        self._high.append(high)

    def _tie(self, kind: NDArray[np.bool_], failed: int, unknown: int | None) -> None:
        """The constraints that make the variables of a kind of row follow from the choice."""
        failing = [int(j) for j in np.flatnonzero(kind[1 : 1 + self.m])]
        self.limit({failed: 1.0, **dict.fromkeys(failing, -1.0)}, -np.inf, 0.0)
        for j in failing:
            self.limit({failed: 1.0, j: -1.0}, 0.0, np.inf)
        if unknown is None:
            return
        silent = [int(j) for j in np.flatnonzero(kind[1 + self.m :])]
        self.limit({unknown: 1.0, failed: 1.0}, -np.inf, 1.0)
        self.limit({unknown: 1.0, **dict.fromkeys(silent, -1.0)}, -np.inf, 0.0)
        for j in silent:
            self.limit({unknown: 1.0, failed: 1.0, j: -1.0}, 0.0, np.inf)

    def _sum(self, variables: dict[int, int], kinds: Sequence[int], weights: Linear) -> Linear:
        found = np.zeros(self.n_variables)
        for k in kinds:
            if k in variables:
                found[variables[k]] = weights[k]
        return found


def _kinds(matrix: AssertionMatrix) -> tuple[NDArray[np.bool_], Linear]:
    """The different rows as (bad, fails..., unknown...), and how many rows are of each kind."""
    if not matrix.rows:
        return np.zeros((0, 1 + 2 * len(matrix.assertions)), dtype=bool), np.zeros(0)
    stacked = np.vstack([matrix.bad[None, :], matrix.fails, matrix.unknown]).T
    kinds, counts = np.unique(stacked, axis=0, return_counts=True)
    return kinds.astype(bool), counts.astype(np.float64)

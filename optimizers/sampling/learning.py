"""Samplers that were made for the fewest labels: spread over what candidates say, then where it is open.

EvalGen takes rows from the two ends of its ranking, on which the label hardly surprises: in simulated
worlds people then need more labels than in random order (`experiments/sampling`). These two take its
score, and use it otherwise.
"""

from dataclasses import dataclass

import numpy as np

from optimizers.errors import InvalidInput
from optimizers.sampling.plain import selectivity_score
from optimizers.sampling.state import Array, LabellingState, best_first, scatter
from optimizers.types import Label
from optimizers.votes import fail_margins


@dataclass(frozen=True, kw_only=True, slots=True)
class SpreadOrder:
    """Rows evenly spread over the ranking by EvalGen's score: each is the one farthest from all labelled.

    From the first rows on there are clear fails, clear passes and all between, in proportion: a systematic
    sample instead of one by chance (Cochran, Sampling Techniques, 1977, chapter 8).
    """

    name: str = "spread"

    def next(self, state: LabellingState, n: int, *, seed: int) -> tuple[str, ...]:
        """See `Sampler`."""
        if n < 1:
            raise InvalidInput(f"n must be 1 or more, got {n}")
        return _spread(state, n, seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningOrder:
    """Spread at first; from `begin_with` labels of both classes on, rows about which what was learned from
    the labels so far is least sure.

    What is learned is a regression over the candidates' answers, fitted anew each time: it knows by the
    labels which candidates to go by, which vote entropy does not.

    Source: Lewis and Gale, A sequential algorithm for training text classifiers (1994), for the second part.

    Raises:
        InvalidInput: `begin_with` is below 2.
    """

    begin_with: int = 20
    name: str = "learning"

    def __post_init__(self) -> None:
        if self.begin_with < 2:
            raise InvalidInput(f"begin_with must be 2 or more, got {self.begin_with}")

    def next(self, state: LabellingState, n: int, *, seed: int) -> tuple[str, ...]:
        """See `Sampler`."""
        if n < 1:
            raise InvalidInput(f"n must be 1 or more, got {n}")
        if len(state.labels) < self.begin_with or len(set(state.labels.values())) < 2:
            return _spread(state, n, seed)
        labelled = np.array([row in state.labels for row in state.rows])
        bad = np.array([state.labels[row] is Label.FAIL for row in state.rows if row in state.labels])
        return best_first(state, -np.abs(fail_margins(state.log_odds, labelled, bad)), n, seed=seed)


def _spread(state: LabellingState, n: int, seed: int) -> tuple[str, ...]:
    place = _places(state, seed)
    taken = np.array([place[i] for i, row in enumerate(state.rows) if row in state.labels])
    # Without a label the middle comes first.
    nearest = np.min(np.abs(place[:, None] - taken), axis=1) if taken.size else 1 - np.abs(place - 0.5)
    is_open, picked = state.is_open.copy(), list[str]()
    for _ in range(min(n, int(is_open.sum()))):
        i = int(np.argmax(np.where(is_open, nearest, -1.0)))
        is_open[i] = False
        picked.append(state.rows[i])
        nearest = np.minimum(nearest, np.abs(place - place[i]))
    return tuple(picked)


def _places(state: LabellingState, seed: int) -> Array:
    """Each row's place in the ranking by score, in [0, 1); rows of one score stand in an order of chance."""
    order = np.lexsort((scatter(state.rows, seed), selectivity_score(state)))
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) / max(1, len(order))
    return place

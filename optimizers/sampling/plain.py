"""Samplers that need no more than verdicts: by chance, EvalGen's, disagreement, near a threshold."""

import math
from dataclasses import dataclass

import numpy as np

from optimizers.errors import InvalidInput
from optimizers.sampling.state import Array, LabellingState, Picks, best_first, by_chance


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomOrder:
    """By chance. What is picked this way may measure a judge."""

    name: str = "random"

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """See `Sampler`. Groups have no say: each open row is as probable as any other."""
        return Picks(rows=by_chance(state, n, seed=seed), picked_by=self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvalGenOrder:
    """EvalGen's: from the top and from the bottom of a ranking in turns.

    A row's score adds up, over the assertions that fail it, how seldom each fails: a failure by an
    assertion that fails a tenth of the rows counts 0.9, by one that fails most hardly anything. The top
    are rows that are bad with some confidence, the bottom rows that are good.

    Source: Shankar, Zamfirescu-Pereira, Hartmann, Parameswaran and Arawjo, Who Validates the Validators?
    (2024), section 4, and its implementation in ChainForge.
    """

    name: str = "evalgen"

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """See `Sampler`. After an even number of labels the top comes first."""
        if n < 1:
            raise InvalidInput(f"n must be 1 or more, got {n}")
        score = selectivity_score(state)
        every = max(1, int(state.is_open.sum()))
        ends = best_first(state, score, every, seed=seed), best_first(state, -score, every, seed=seed)
        turn, picked = len(state.labels), dict[str, None]()
        while len(picked) < min(n, int(state.is_open.sum())):
            end = ends[turn % 2]
            picked[next(row for row in end if row not in picked)] = None
            turn += 1
        return Picks(rows=tuple(picked), picked_by=self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class DisagreementOrder:
    """Rows on which the candidates disagree most: by the entropy of their votes, in [0, ln 2].

    Source: Seung, Opper and Sompolinsky, Query by committee (1992); vote entropy after Dagan and Engelson
    (1995).
    """

    name: str = "disagreement"

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """See `Sampler`."""
        return Picks(rows=best_first(state, vote_entropy(state), n, seed=seed), picked_by=self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class NearThreshold:
    """Rows whose probability of fail by one judge, `candidate`, lies nearest to its `threshold` in [0, 1].

    Rows for which it gives none come last.

    Source: Lewis and Gale, A sequential algorithm for training text classifiers (1994).

    Raises:
        InvalidInput: the threshold is out of range.
    """

    candidate: str
    threshold: float = 0.5
    name: str = "near_threshold"

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InvalidInput(f"threshold must be in [0, 1], got {self.threshold}")

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """See `Sampler`."""
        said = state.outcomes.get(self.candidate, {})
        found = [getattr(said.get(row), "fail_probability", None) for row in state.rows]
        distance = np.array([2.0 if p is None else abs(p - self.threshold) for p in found])
        return Picks(rows=best_first(state, -distance, n, seed=seed), picked_by=self.name)


def selectivity_score(state: LabellingState) -> Array:
    """EvalGen's score of each row, shape (rows,), 0 or more; 0 where no assertion fails it."""
    fails, passes = state.log_odds > 0, state.log_odds < 0
    given = np.maximum(1, fails.sum(axis=0) + passes.sum(axis=0))
    weighed: Array = (fails * (passes.sum(axis=0) / given)).sum(axis=1)
    return weighed


def vote_entropy(state: LabellingState) -> Array:
    """Entropy of each row's votes, shape (rows,), in [0, ln 2]; 0 without votes."""
    fails, passes = (state.log_odds > 0).sum(axis=1), (state.log_odds < 0).sum(axis=1)
    share = fails / np.maximum(1, fails + passes)
    both = np.clip(np.stack([share, 1 - share]), 1e-12, None)
    entropy: Array = np.clip(-(both * np.log(both)).sum(axis=0), 0.0, math.log(2))
    return entropy

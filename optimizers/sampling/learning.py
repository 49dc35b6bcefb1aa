"""The sampler that was made for the fewest labels: by chance at first, then where the labels so far leave it
open.

EvalGen takes rows from the two ends of its ranking, on which the label hardly surprises, and vote entropy
takes rows on which bad candidates disagree for ever. In simulated worlds both need more labels than random
order (`experiments/sampling`). This one learns from the labels which candidates to go by.
"""

from dataclasses import dataclass

import numpy as np

from optimizers.errors import InvalidInput
from optimizers.sampling.plain import RandomOrder
from optimizers.sampling.state import LabellingState, Picks, best_first
from optimizers.types import Label
from optimizers.votes import fail_margins


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningOrder:
    """By chance until there are `begin_with` labels, of both classes, on rows that candidates have judged;
    from then on the rows nearest to the boundary of a regression over the candidates' answers.

    The regression is fitted anew each time. What was picked by chance is recorded as such, and may measure.

    Source: Lewis and Gale, A sequential algorithm for training text classifiers (1994).

    Raises:
        InvalidInput: `begin_with` is below 2.
    """

    begin_with: int = 20
    name: str = "learning"

    def __post_init__(self) -> None:
        if self.begin_with < 2:
            raise InvalidInput(f"begin_with must be 2 or more, got {self.begin_with}")

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """See `Sampler`."""
        answered = np.any(state.log_odds != 0, axis=1)
        known = {
            row for row, given in zip(state.rows, answered, strict=True) if given and row in state.labels
        }
        classes = {state.labels[row] for row in known}
        if len(known) < self.begin_with or len(classes) < 2:
            return RandomOrder().next(state, n, seed=seed)
        learned_from = np.array([row in known for row in state.rows])
        bad = np.array([state.labels[row] is Label.FAIL for row in state.rows if row in known])
        unsure = -np.abs(fail_margins(state.log_odds, learned_from, bad))
        # A row that nobody has judged yet is not unsure but unknown: such rows come last.
        value = np.where(answered, unsure, -np.inf)
        return Picks(rows=best_first(state, value, n, seed=seed), picked_by=self.name)

"""A race: a candidate meets the incumbent row by row on dev and leaves once it cannot or will not win.

Two rules drop it. The first loses nothing: even with every remaining row right, its kappa would stay
at or below the incumbent's. The second is a paired sequential test on the rows seen so far: an exact
sign test on the rows on which one is right and the other wrong (McNemar 1947), each weighted by the
inverse frequency of its class, since kappa on skewed data is decided by the rarer one. The level is one
per look; in simulations with 60 dev rows and the default level, about one in a hundred candidates that
would have beaten the incumbent on dev is dropped. Only complete trials can win.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.errors import BudgetExhausted
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Candidate, Evaluation, Label, LabelledExample, Trial
from optimizers.workbench import Workbench

DEFAULT_BLOCK = 12
DEFAULT_ALPHA = 0.2
_MOST_LOOKS = 6


@dataclass(frozen=True, kw_only=True)
class Race:
    """How candidates race: at least `block` rows between two looks, `alpha` the level of each one's test.

    There are at most `_MOST_LOOKS`: rows between two looks are judged together, which takes time.
    """

    block: int = DEFAULT_BLOCK
    alpha: float = DEFAULT_ALPHA

    def run(self, bench: Workbench, candidate: Candidate, parent: Candidate | None, origin: str) -> Trial:
        """The candidate's trial: complete if it stayed to the end, and only then able to win.

        A candidate that has a trial keeps it. A budget that ends in between leaves an incomplete one.
        """
        found = bench.trial_of(candidate)
        if found is not None:
            return found
        incumbent = bench.best
        if incumbent is None:
            return bench.measure(candidate, parent, origin)
        try:
            self._meet(bench, candidate, incumbent)
        except BudgetExhausted:
            bench.record(candidate, parent, origin)
            raise
        return bench.record(candidate, parent, origin)

    def _meet(self, bench: Workbench, candidate: Candidate, incumbent: Trial) -> None:
        rows = informative_order(bench)
        block = max(self.block, math.ceil(len(rows) / _MOST_LOOKS))
        for end in range(block, len(rows) + block, block):
            seen = rows[:end]
            so_far = bench.evaluate(candidate, seen)
            if end < len(rows) and (
                cannot_win(so_far, incumbent, rows) or self._loses(so_far, incumbent.evaluation, seen)
            ):
                return

    def _loses(self, challenger: Evaluation, champion: Evaluation, rows: Sequence[LabelledExample]) -> bool:
        return loss_p_value(challenger, champion, rows) <= self.alpha


def informative_order(bench: Workbench) -> tuple[LabelledExample, ...]:
    """Dev rows, those on which complete candidates disagree first, each class spread evenly.

    Rows of equal disagreement stand in a seeded order. Both classes keep their share in every prefix,
    so that a race sees false passes and false fails alike. The order does not look at labels
    otherwise: rows that the incumbent happened to get right are not preferred.
    """
    dev = bench.problem.dev
    differs = disagreement(bench)
    chance = bench.rng("race").permutation(len(dev))
    order = sorted(range(len(dev)), key=lambda i: (-differs[i], int(chance[i])))
    return tuple(dev[i] for i in _spread(order, [row.label for row in dev]))


def disagreement(bench: Workbench) -> list[float]:
    """For each dev row the chance that two complete candidates, drawn at random, differ on it."""
    dev = bench.problem.dev
    verdicts = [t.evaluation.judged([row.id for row in dev]) for t in bench.trials if t.complete]
    return [_gini([judged[i] for judged in verdicts]) for i in range(len(dev))]


def _gini(judged: Sequence[Label | None]) -> float:
    """Chance that two candidates drawn at random differ; 0 where all agree."""
    n = len(judged)
    return 1.0 - sum((judged.count(value) / n) ** 2 for value in (*Label, None)) if n else 0.0


def _spread(order: Sequence[int], labels: Sequence[Label]) -> list[int]:
    """`order` with each class's members at even distances, their own sequence kept."""
    place: dict[int, float] = {}
    for label in Label:
        members = [i for i in order if labels[i] is label]
        place |= {i: (rank + 0.5) / len(members) for rank, i in enumerate(members)}
    return sorted(order, key=lambda i: (place[i], i))


def cannot_win(so_far: Evaluation, incumbent: Trial, rows: Sequence[LabelledExample]) -> bool:
    """Whether the kappa of `so_far` with all other `rows` right is still at most the incumbent's.

    Exact for an incumbent of kappa 0 or more: from there each correction raises kappa. Below that,
    and where kappa is undefined, the answer is no.
    """
    if incumbent.kappa is None or incumbent.kappa < 0:
        return False
    known = dict(zip(so_far.outcomes, so_far.judged(list(so_far.outcomes)), strict=True))
    ideal = confusion([row.label for row in rows], [known.get(row.id, row.label) for row in rows])
    best_case = cohen_kappa(ideal)
    return best_case is not None and best_case <= incumbent.kappa


def loss_p_value(challenger: Evaluation, champion: Evaluation, rows: Sequence[LabelledExample]) -> float:
    """How likely a challenger as good as the champion would do this badly on `rows`, in (0, 1].

    One-sided exact sign test, class-weighted: with wins and losses of the challenger in each class,
    the statistic is sum over classes of (wins - losses) / class size; under the null each discordant
    row is a fair coin. 1.0 without discordant rows.
    """
    ids = [row.id for row in rows]
    ours, theirs = challenger.judged(ids), champion.judged(ids)
    steps: dict[float, int] = {}
    observed = 0.0
    for label in Label:
        cells = [
            (a is label, b is label) for r, a, b in zip(rows, ours, theirs, strict=True) if r.label is label
        ]
        wins = sum(a and not b for a, b in cells)
        losses = sum(b and not a for a, b in cells)
        if wins + losses:
            weight = 1.0 / len(cells)
            steps[weight] = steps.get(weight, 0) + wins + losses
            observed += weight * (wins - losses)
    return _coin_tail(steps, observed)


def _coin_tail(steps: dict[float, int], observed: float) -> float:
    """P(sum <= observed) for sums of `count` fair signs of each size in `steps`."""
    values, chances = np.zeros(1), np.ones(1)
    for size, count in steps.items():
        ups = np.arange(count + 1)
        signed = size * (2 * ups - count)
        binomial = np.array([math.comb(count, int(up)) for up in ups], dtype=float) / 2.0**count
        values = (values[:, None] + signed[None, :]).ravel()
        chances = (chances[:, None] * binomial[None, :]).ravel()
    return float(chances[values <= observed + 1e-12].sum())

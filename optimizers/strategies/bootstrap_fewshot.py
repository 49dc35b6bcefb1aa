"""Few-shot search: which solved examples to show, how many of each class, with reasoning or without.

Unlike bootstrapping from a judge's right answers, the examples also come from rows that it gets wrong,
with a rationale written from the person's label and critique, and each class has its quota: a judge
shown mostly passes learns to pass. Optuna's TPE chooses among the sets by dev kappa; races drop the
losers early.
"""

from optimizers.strategies import options
from optimizers.strategies.choices import Chosen, Tried, suggest
from optimizers.strategies.demonstrations import Pool, balanced, eligible, solve
from optimizers.strategies.racing import DEFAULT_ALPHA, DEFAULT_BLOCK, Race
from optimizers.strategies.starting import start
from optimizers.types import Candidate
from optimizers.workbench import Workbench


class BootstrapFewShot:
    """Chooses solved examples to show the judge.

    Args:
        trials: candidates to try at most; the budget may end the search earlier.
        most_per_class: the largest number of examples shown of each class.
        pool_per_class: train rows of each class that are turned into solved examples.
        sets: how many different draws from the pool there are for each number.
        block: dev rows between two looks at a race at least.
        alpha: level of a race's test at each look.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "bootstrap_fewshot"

    def __init__(
        self,
        *,
        trials: int = 40,
        most_per_class: int = 4,
        pool_per_class: int = 10,
        sets: int = 6,
        block: int = DEFAULT_BLOCK,
        alpha: float = DEFAULT_ALPHA,
    ) -> None:
        self.trials = options.whole_number("trials", trials, low=1, high=1000)
        self.most_per_class = options.whole_number("most_per_class", most_per_class, low=1, high=32)
        self.pool_per_class = options.whole_number("pool_per_class", pool_per_class, low=1, high=500)
        self.sets = options.whole_number("sets", sets, low=1, high=100)
        self.race = Race(
            block=options.whole_number("block", block, low=1, high=10_000),
            alpha=options.share("alpha", alpha),
        )

    def run(self, bench: Workbench) -> None:
        """Measure the baseline, solve a pool of train rows, then race sets until budget or trials end."""
        base = start(bench)
        pool = self._pool(bench, base)
        if pool is None or pool.per_class == 0:
            return
        choices = {
            "per_class": range(1, min(self.most_per_class, pool.per_class) + 1),
            "set": range(self.sets),
            "reasoning": (True, False),
        }
        tried: list[Tried] = []
        while len(tried) < self.trials:
            chosen = suggest(choices, tried, seed=bench.seed("sets"))
            if chosen is None:
                return
            candidate = self._candidate(bench, base, pool, chosen)
            if not bench.affordable(bench.missing(candidate)):
                return
            tried.append(Tried(chosen=chosen, trial=self.race.run(bench, candidate, base, _origin(chosen))))

    def _pool(self, bench: Workbench, base: Candidate) -> Pool | None:
        """Solved examples for at most a third of the budget that is left, or none if that buys none."""
        # A wrong row takes two calls: a verdict and a rationale.
        affordable = bench.room(12 * self.pool_per_class) // 3 // 4
        per_class = min(self.pool_per_class, affordable)
        rows = balanced(eligible(bench.problem), 2 * per_class, bench.rng("pool"))
        if not rows:
            return None
        return solve(bench, base.with_(reasoning=True), rows, most_elicited=per_class)

    def _candidate(self, bench: Workbench, base: Candidate, pool: Pool, chosen: Chosen) -> Candidate:
        number = int(str(chosen["set"]))
        # A set of a larger quota contains the set of a smaller one, so that the quota is a dimension
        # of its own to the sampler. Every other set prefers rows that the judge got wrong.
        demos = pool.draw(
            int(str(chosen["per_class"])), bench.rng(f"set/{number}"), hard_first=number % 2 == 0
        )
        return base.with_(demonstrations=demos, reasoning=chosen["reasoning"])


def _origin(chosen: Chosen) -> str:
    """What a candidate is, in words."""
    reasoning = "with" if chosen["reasoning"] else "without"
    return f"{chosen['per_class']} examples of each class, draw {chosen['set']}, {reasoning} reasoning"

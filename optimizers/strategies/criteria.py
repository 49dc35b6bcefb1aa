"""Criteria, an assertion for each, and the set of assertions that agrees best with people.

Criteria are those that people keep assertions for, and those that a proposer reads from people's labels
and words, and later from what the set judges wrongly. Each becomes assertions; they are tried on some
train rows, and those that tell bad rows from good ones judge the rest and dev. The set is chosen on all of
these rows, by whatever way does best in cross-fitting (`optimizers.criteria.choosing`), and becomes a
trial only if by cross-fitting too it beats the best judge so far: its kappa on dev, on whose rows it was
fitted, says less than a prompt's. As ever the test rows have the last word.

Sources: EvalGen (Shankar et al., Who Validates the Validators?, 2024) for the loop, SPADE (Shankar et al.,
2024) for candidates in plenty that are filtered.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimizers.criteria.choosing import AssertionPool, Chosen, choose
from optimizers.joint.criteria import instruction_with, stated_in
from optimizers.joint.ideas import Idea
from optimizers.joint.likeness import Likeness
from optimizers.joint.proposing import MISTAKE_QUESTIONS, Proposing
from optimizers.joint.sizes import Sizes
from optimizers.odds import log_odds
from optimizers.strategies import options
from optimizers.strategies.demonstrations import balanced, eligible
from optimizers.types import (
    Assertion,
    AssertionKind,
    Candidate,
    Evaluation,
    Label,
    LabelledExample,
    Verdict,
    digest,
)
from optimizers.workbench import Workbench

ALONE = (
    "Judge the task output, as a response to the task input, by this criterion alone. The verdict is `fail` "
    "if it does what the criterion objects to, and `pass` otherwise, whatever else may be said of it."
)
"""What a prompt assertion is told beside its criterion."""

MOST_ROWS = 400
"""Train rows that assertions judge at most: weights want labels, and more say little new."""

LEAST_ASSERTIONS = 8
"""So many assertions should be affordable on all rows: where they are not, fewer train rows are judged."""

SHARE_TRIED, LEAST_TRIED = 0.25, 16
"""Share of the rows on which an assertion is tried first, and how many they are at least."""

TRIED_FOR_ONE = 2
"""Assertions that are tried for one that goes on."""

SHARE_OF_OPENING, SHARE_OF_ROUND = 0.8, 0.6
"""Shares of the budget's room that the opening and each round may use for assertions."""

SHARE_OF_FINAL = 0.3
"""Share of the budget that the final test of a set may take beyond a prompt's."""

_LONGEST = 10_000
"""Calls: what a search without a budget is reckoned to last."""


class Criteria:
    """Finds criteria, an assertion for each, and the set that agrees best with people.

    Args:
        rounds: rounds of criteria from the set's mistakes at most; the budget may end it earlier.
        patience: rounds in a row without a better set after which a further one is not worth its price.
        most: assertions of a set at most: each prompt among them is a call on each row in use.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "criteria"
    shown_rows = 0

    def __init__(self, *, rounds: int = 6, patience: int = 2, most: int = 24) -> None:
        self.rounds = options.whole_number("rounds", rounds, low=0, high=1000)
        self.patience = options.whole_number("patience", patience, low=1, high=1000)
        self.most = options.whole_number("most", most, low=1, high=100)

    def most_calls(self, train: int, dev: int) -> int:
        """About how many calls a search without a budget takes at most, the baseline's on dev left out."""
        return (2 + self.rounds) * LEAST_ASSERTIONS * (min(train, MOST_ROWS) + dev)

    def run(self, bench: Workbench) -> None:
        """The first set, then rounds of criteria from its mistakes until budget, rounds or patience end."""
        bench.measure(bench.problem.baseline, origin="baseline")
        search = _Search(bench, self.most)
        search.open()
        idle = 0
        for turn in range(self.rounds):
            better = search.improve(turn)
            if better is None:
                return
            idle = 0 if better else idle + 1
            if idle == self.patience:
                return


class _Search:
    """The state of one search."""

    def __init__(self, bench: Workbench, most: int) -> None:
        self._bench = bench
        self._learnable = eligible(bench.problem)
        likeness = Likeness(self._learnable)
        self._proposing = Proposing(bench, self._learnable, likeness, frozenset(Idea))
        self._sizes = Sizes(room=bench.room(_LONGEST), dev=len(bench.problem.dev))
        self._most = bench.affordable_per_row(most, SHARE_OF_FINAL)
        self._train = self._train_rows()
        self._rows = (*self._train, *bench.problem.dev)
        self._first = self._first_rows()
        self._tried: set[Assertion] = set()
        self._judged: list[Assertion] = []
        self._chosen: Chosen | None = None

    def _train_rows(self) -> tuple[LabelledExample, ...]:
        """The train rows that assertions judge, as many of each class as there are."""
        room = max(0, self._bench.room(_LONGEST) - self._reserve)
        payable = max(0, room // LEAST_ASSERTIONS - len(self._bench.problem.dev))
        n = min(payable, MOST_ROWS)
        if n >= len(self._learnable):
            return self._learnable
        return balanced(self._learnable, n, self._bench.rng("rows"))

    def _first_rows(self) -> tuple[LabelledExample, ...]:
        """The rows on which an assertion is tried first: train's, as far as there are any."""
        n = max(LEAST_TRIED, round(SHARE_TRIED * len(self._rows)))
        return balanced(self._train, n, self._bench.rng("first rows"))

    @property
    def _reserve(self) -> int:
        """Calls to leave for the final test of a set as large as may be."""
        return self._bench.more_in_final(self._most)

    # --- the search ---------------------------------------------------------------------------------------

    def open(self) -> None:
        """Criteria from people's assertions, earlier runs, labels and words; the first set."""
        earlier = [line for winner in self._bench.problem.earlier for line in _criteria_of(winner)]
        self._proposing.pool.add(earlier)
        kept = list(self._bench.problem.assertions)
        kept += [each for winner in self._bench.problem.earlier for each in winner.assertions]
        if self._learnable and len(kept) < LEAST_ASSERTIONS:
            self._proposing.from_labels(self._sizes.questions, 0.5)
        lines = self._proposing.pool.best(_LONGEST)
        self._judge([*self._overall(lines, kept), *kept, *map(alone, lines)], SHARE_OF_OPENING)
        self._choose("criteria")

    def improve(self, turn: int) -> bool | None:
        """Criteria from what the set judges wrongly on train; whether a better set came of it, and `None`
        where nothing new is left to try or to pay."""
        before = len(self._judged)
        if not self._bench.affordable(MISTAKE_QUESTIONS + len(self._rows) + self._reserve):
            return None
        lines = [each.criterion for each in self._judged]
        fresh = self._ask_about_mistakes(lines, turn)
        overall = self._overall(fresh, self._judged)
        self._judge([*overall, *map(alone, fresh), *self._variants()], SHARE_OF_ROUND)
        if len(self._judged) == before:
            return False if fresh else None
        return self._choose(f"criteria {turn + 1}")

    def _ask_about_mistakes(self, known: Sequence[str], turn: int) -> tuple[str, ...]:
        if not self._train:
            return ()
        if self._chosen is None:
            return self._proposing.from_labels(self._sizes.questions, 0.5)
        found = self._cross_fitted(self._chosen)
        return self._proposing.from_mistakes(tuple(dict.fromkeys(known)), found, self._train, turn)

    def _cross_fitted(self, chosen: Chosen) -> Evaluation:
        """What the set said of train rows that it had not been fitted on, its own words beside."""
        own = self._bench.known(self._pool().candidate(chosen.choice), self._train)
        outcomes = dict(own.outcomes)
        for place, row in enumerate(self._train):
            outcome, label = outcomes[row.id], Label.FAIL if chosen.fails[place] else Label.PASS
            differs = isinstance(outcome, Verdict) and outcome.label is not label
            if differs and not chosen.unknown[place]:
                outcomes[row.id] = Verdict(label=label, usage=outcome.usage)
        return replace(own, outcomes=outcomes)

    # --- assertions ---------------------------------------------------------------------------------------

    def _overall(self, lines: Sequence[str], known: Sequence[Assertion]) -> list[Assertion]:
        """One prompt that asks for all criteria: it sees what lies between them."""
        every = tuple(dict.fromkeys([*(each.criterion for each in known), *lines]))
        own = [line for line in every if line != self._bench.problem.criterion]
        text = instruction_with("", own, reasoning=True)
        return [_assertion(self._bench.problem.criterion, text)] if own else []

    def _variants(self) -> list[Assertion]:
        """The set's prompts asked without reasoning: another opinion, and a cheaper one."""
        if self._chosen is None:
            return []
        own = [self._judged[i] for i in self._chosen.choice.members]
        prompts = [each for each in own if each.kind is AssertionKind.PROMPT and each.reasoning]
        return [_assertion(each.criterion, each.text, reasoning=False) for each in prompts]

    def _judge(self, assertions: Sequence[Assertion], share: float) -> None:
        """Try what is new on the first rows; let those that tell bad rows from good ones judge all rows, the
        most telling first. `share` of the budget's room goes to it: twice as many are tried as go on."""
        new = [each for each in dict.fromkeys(assertions) if each not in self._tried]
        room = share * max(0, self._bench.room(_LONGEST) - self._reserve)
        each_takes = len(self._rows) / TRIED_FOR_ONE + len(self._first)
        tried = self._ask(new[: int(room / each_takes)], self._first)
        self._tried |= set(tried)
        worth = {each: self._telling(each) for each in tried}
        telling = sorted((each for each in tried if worth[each] > 0), key=lambda each: -worth[each])
        self._judged += self._ask(telling, self._rows)

    def _ask(self, assertions: Sequence[Assertion], rows: Sequence[LabelledExample]) -> list[Assertion]:
        """Ask about `rows` as many of `assertions`, from the first on, as the budget pays; which they are."""
        payable: list[Assertion] = []
        cost = self._reserve
        for assertion in assertions:
            cost += self._bench.missing(_set(assertion), rows)
            if not self._bench.affordable(cost):
                break
            payable.append(assertion)
        self._bench.evaluate_each(list(map(_set, payable)), rows)
        return payable

    def _telling(self, assertion: Assertion) -> float:
        """How much more evidence for a fail the assertion finds in bad first rows than in good ones, in
        standard errors; 0.01 where rows of a class are missing."""
        found = self._bench.known(_set(assertion), self._first)
        sides = {
            label: np.array([log_odds(found.outcomes[row.id]) for row in self._first if row.label is label])
            for label in Label
        }
        if min(map(len, sides.values())) < 2:
            return 0.01
        spread = sum(float(side.var()) / len(side) for side in sides.values())
        gap = float(sides[Label.FAIL].mean() - sides[Label.PASS].mean())
        return round(gap / (spread**0.5 or 1.0), 6)

    # --- sets ---------------------------------------------------------------------------------------------

    def _pool(self) -> AssertionPool:
        judged = self._judged
        outcomes = [self._bench.known(_set(each), self._rows).outcomes for each in judged]
        return AssertionPool(assertions=tuple(judged), rows=self._rows, outcomes=outcomes)

    def _choose(self, origin: str) -> bool:
        """Choose a set; whether it is a better judge than the best so far."""
        pool = self._pool()
        found = choose(pool, self._bench.rng("folds"), most=self._most)
        if found is None:
            return False
        everything, dev = np.arange(len(self._rows)), np.arange(len(self._train), len(self._rows))
        before, self._chosen = self._chosen, found
        if before is not None and found.worth(pool, everything) <= before.worth(pool, everything) + 1e-9:
            return False
        candidate = pool.candidate(found.choice)
        affordable = self._bench.affordable(self._bench.price(candidate))
        if found.kappa(pool, dev) <= self._best_prompt() or not affordable:
            return False
        parent = self._bench.best
        self._bench.measure(candidate, parent.candidate if parent else None, f"{origin}: {found.way}")
        return True

    def _best_prompt(self) -> float:
        """The kappa on dev of the best judge that is no set, and so was not fitted there."""
        plain = [t.kappa for t in self._bench.trials if t.complete and not t.candidate.assertions]
        return max([kappa for kappa in plain if kappa is not None], default=0.0)


def alone(line: str) -> Assertion:
    """The prompt that asks for the criterion `line` and nothing else."""
    return _assertion(line, ALONE)


def _assertion(criterion: str, text: str, *, reasoning: bool = True) -> Assertion:
    return Assertion(
        id=digest([criterion, text, reasoning])[:12],
        criterion=criterion,
        kind=AssertionKind.PROMPT,
        text=text,
        reasoning=reasoning,
        probability=True,
    )


def _set(assertion: Assertion) -> Candidate:
    return Candidate(assertions=(assertion,))


def _criteria_of(winner: Candidate) -> tuple[str, ...]:
    """The criteria that an earlier winner states in its instruction."""
    return () if winner.verbatim is not None else stated_in(winner.instruction)

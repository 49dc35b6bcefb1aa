"""Which set of assertions judges best: several ways to choose one, compared by cross-fitting.

On few labels the set that fits them best is often not the one that fits others. So each way to choose is
followed on a part of the rows and measured on the rest, each part in turn; the way whose sets then have
the most kappa, less what their calls cost, chooses on all rows. EvalGen's rule and SPADE's programmes
are among the ways: where they do better on rows that they have not seen, theirs is the set.

Source: Stone, Cross-Validatory Choice and Assessment of Statistical Predictions (1974).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from optimizers.criteria.best_kappa import climbed_kappa
from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.learned import Array, learn
from optimizers.criteria.matrix import AssertionMatrix, Flags
from optimizers.criteria.rules import ALPHA, TAU
from optimizers.criteria.spade import observed_subsumption, spade_coverage, spade_subsumption
from optimizers.errors import SelectionInfeasible
from optimizers.kappa import Confusion, cohen_kappa
from optimizers.odds import log_odds
from optimizers.sets import cheap_first
from optimizers.types import (
    ANY_FAIL,
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    DecisionRule,
    Label,
    LabelledExample,
    Outcome,
    Verdict,
)

FOLDS = 5
FEW = 8
"""Assertions of a small learned rule."""

THRESHOLDS = (0.25, 0.4, 0.7)
"""Probabilities of fail from which on a prompt's answer may count as a fail, beside its own verdict."""

MOST_PROGRAMMED = 24
"""Assertions that SPADE's programmes choose from: the time that they take grows fast with their number."""

PRICE_OF_A_CALL = 0.002
"""Kappa that a further call on each row must be worth."""

T = TypeVar("T")

Places = NDArray[np.intp]
"""Places of rows."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A set: the places of its assertions, and how their verdicts become one (see `Candidate`)."""

    members: tuple[int, ...] = ()
    combination: Combination = ANY_FAIL
    threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class AssertionPool:
    """What assertions say of labelled rows. `outcomes` are by assertion, in their order, and row id; each
    assertion has an outcome on each row."""

    assertions: tuple[Assertion, ...]
    rows: tuple[LabelledExample, ...]
    outcomes: Sequence[Mapping[str, Outcome]]

    @cached_property
    def bad(self) -> Flags:
        """Shape (rows,): people failed the row."""
        return np.array([row.label is Label.FAIL for row in self.rows], dtype=bool)

    @cached_property
    def evidence(self) -> Array:
        """Log-odds of fail, of the shape (assertions, rows)."""
        return np.array(self._cells(log_odds), dtype=np.float64).reshape(self._shape)

    @cached_property
    def unknown(self) -> Flags:
        """Cells without a verdict."""
        mute = self._cells(lambda cell: not isinstance(cell, Verdict))
        return np.array(mute, dtype=bool).reshape(self._shape)

    def fails(self, threshold: float | None) -> Flags:
        """Cells that are a fail where probabilities are read with `threshold`."""
        if threshold not in self._fails:
            cells = self._cells(partial(_fails, threshold=threshold))
            self._fails[threshold] = np.array(cells, dtype=bool).reshape(self._shape)
        return self._fails[threshold]

    @cached_property
    def _fails(self) -> dict[float | None, Flags]:
        return {}

    def matrix(self, at: Places, threshold: float | None = None) -> AssertionMatrix:
        """The rows at `at`. Assertions are named by their places, in the order of these."""
        return AssertionMatrix(
            assertions=tuple(map(_name, range(len(self.assertions)))),
            rows=tuple(self.rows[i].id for i in at),
            fails=self.fails(threshold)[:, at],
            unknown=self.unknown[:, at],
            bad=self.bad[at],
        )

    @cached_property
    def criteria(self) -> Mapping[str, Sequence[str]]:
        """The names of each criterion's assertions."""
        found: dict[str, list[str]] = {}
        for place, assertion in enumerate(self.assertions):
            found.setdefault(assertion.criterion, []).append(_name(place))
        return found

    def judged(self, choice: Choice, at: Places) -> tuple[Flags, Flags]:
        """What a set says of the rows at `at`: where it fails them, and where it has no verdict."""
        own = list(choice.members)
        unknown = self.unknown[own][:, at]
        if choice.combination.weights:
            balance = np.array(choice.combination.weights) @ self.evidence[own][:, at]
            mute: Flags = np.logical_and.reduce(unknown, axis=0)
            return (balance + choice.combination.bias > 0) & ~mute, mute
        failed: Flags = np.logical_or.reduce(self.fails(choice.threshold)[own][:, at], axis=0)
        unsure: Flags = np.logical_or.reduce(unknown, axis=0)
        return failed, unsure & ~failed

    def calls(self, choice: Choice) -> int:
        """Calls that a row takes."""
        return sum(self.assertions[i].kind is AssertionKind.PROMPT for i in choice.members)

    def candidate(self, choice: Choice) -> Candidate:
        """The set as a judge, its members in the order in which they are asked."""
        members = [self.assertions[i] for i in choice.members]
        is_prompt = [each.kind is AssertionKind.PROMPT for each in members]
        order = cheap_first(is_prompt, choice.combination)
        weights = choice.combination.weights and tuple(choice.combination.weights[i] for i in order)
        return Candidate(
            assertions=tuple(members[i] for i in order),
            combination=Combination(weights=weights, bias=choice.combination.bias),
            decision=DecisionRule(threshold=choice.threshold),
        )

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.assertions), len(self.rows)

    def _cells(self, of: Callable[[Outcome], T]) -> list[list[T]]:
        return [[of(own[row.id]) for row in self.rows] for own in self.outcomes]


def _fails(cell: Outcome, *, threshold: float | None) -> bool:
    if not isinstance(cell, Verdict):
        return False
    if threshold is None or cell.fail_probability is None:
        return cell.label is Label.FAIL
    return cell.fail_probability >= threshold


def _name(place: int) -> str:
    return f"{place:06}"  # as text in the order of the numbers


# --- ways to choose -------------------------------------------------------------------------------------


class Way(Protocol):
    """Chooses a set by the labels of some rows, which are of both classes, of at most so many assertions."""

    def __call__(self, pool: AssertionPool, at: Places, most: int) -> Choice:
        """The set."""
        ...


def _chosen(names: Sequence[str], threshold: float | None = None) -> Choice:
    return Choice(members=tuple(int(name) for name in names), threshold=threshold)


def _any_fail(pool: AssertionPool, at: Places, most: int) -> Choice:
    return _at_most(pool, _chosen(climbed_kappa(pool.matrix(at))), at, most)


def _any_fail_from(pool: AssertionPool, at: Places, most: int) -> Choice:
    """Any fail, where a probability counts as a fail from the threshold that suits best."""
    if not any(assertion.probability for assertion in pool.assertions):
        return _any_fail(pool, at, most)
    found = (_chosen(climbed_kappa(pool.matrix(at, t)), t) for t in THRESHOLDS)
    return max((_at_most(pool, each, at, most) for each in found), key=partial(_worth, pool, at=at))


def _evalgen(pool: AssertionPool, at: Places, most: int) -> Choice:
    return _at_most(pool, _chosen(evalgen(pool.matrix(at), pool.criteria, tau=TAU)), at, most)


def _spade_coverage(pool: AssertionPool, at: Places, most: int) -> Choice:
    def programme(matrix: AssertionMatrix) -> tuple[str, ...]:
        return spade_coverage(matrix, alpha=ALPHA, tau=TAU)

    return _programmed(programme, pool, at, most)


def _spade_subsumption(pool: AssertionPool, at: Places, most: int) -> Choice:
    def programme(matrix: AssertionMatrix) -> tuple[str, ...]:
        pairs = observed_subsumption(matrix)
        return spade_subsumption(matrix, alpha=ALPHA, tau=TAU, subsumes=pairs)

    return _programmed(programme, pool, at, most)


def _programmed(
    programme: Callable[[AssertionMatrix], tuple[str, ...]], pool: AssertionPool, at: Places, most: int
) -> Choice:
    """What the programme chooses; of many assertions among those that are worth most by themselves."""
    own = pool.matrix(at)
    if len(pool.assertions) > MOST_PROGRAMMED:
        worth = [_worth(pool, Choice(members=(j,)), at) for j in range(len(pool.assertions))]
        best = np.sort(np.argsort(-np.round(worth, 9), kind="stable")[:MOST_PROGRAMMED])
        own = replace(
            own,
            assertions=tuple(own.assertions[j] for j in best),
            fails=own.fails[best],
            unknown=own.unknown[best],
        )
    try:
        found = programme(own)
    except SelectionInfeasible:
        return Choice()
    return _at_most(pool, _chosen(found), at, most)


def _learned(pool: AssertionPool, at: Places, most: int) -> Choice:
    rule = learn(pool.evidence[:, at], pool.bad[at], most=most)
    return Choice(members=rule.members, combination=Combination(weights=rule.weights, bias=rule.bias))


def _learned_of_few(pool: AssertionPool, at: Places, most: int) -> Choice:
    return _learned(pool, at, min(FEW, most))


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "any fail": _any_fail,
        "any fail from a threshold": _any_fail_from,
        "EvalGen's rule": _evalgen,
        "SPADE, coverage": _spade_coverage,
        "SPADE, subsumption": _spade_subsumption,
        "learned rule of few": _learned_of_few,
        "learned rule": _learned,
    }
)
"""By name."""


def _at_most(pool: AssertionPool, choice: Choice, at: Places, most: int) -> Choice:
    """The choice without the members that it misses least, one by one, until it is small enough."""
    while len(choice.members) > most:
        smaller = (
            Choice(members=tuple(m for m in choice.members if m != gone), threshold=choice.threshold)
            for gone in choice.members
        )
        choice = max(smaller, key=partial(_worth, pool, at=at))
    return choice


# --- comparing them -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The way that did best, its set, fitted on all rows, and the calls that this takes a row.

    `fails` and `unknown` are what the way's sets said of each row that they were not fitted on: where they
    failed it, and where they had no verdict.
    """

    way: str
    choice: Choice
    calls: int
    fails: Flags
    unknown: Flags

    def kappa(self, pool: AssertionPool, at: Places) -> float:
        """Cross-fitted kappa on the rows at `at`; 0 where it is undefined."""
        return _kappa(pool.bad[at], self.fails[at], self.unknown[at])

    def worth(self, pool: AssertionPool, at: Places) -> float:
        """The same less the price of its calls, rounded, so that equals compare as equal."""
        return round(self.kappa(pool, at) - PRICE_OF_A_CALL * self.calls, 9)


def choose(
    pool: AssertionPool, rng: np.random.Generator, *, most: int, ways: Mapping[str, Way] = WAYS
) -> Chosen | None:
    """The set that the best of `ways` chooses, of at most `most` assertions.

    Rows of one group stay in one fold. `None` where a fold leaves rows of one class only, or where no way
    finds a set.
    """
    folds = list(_folds(pool, rng))
    everything = np.arange(len(pool.rows))
    if not pool.assertions or not all(_has_both(pool.bad[fitted]) for fitted, _ in folds):
        return None
    choices = {name: way(pool, everything, most) for name, way in ways.items()}
    fitted = {name: _worth(pool, choice, everything) for name, choice in choices.items() if choice.members}
    best: Chosen | None = None
    for name in sorted(fitted, key=lambda name: -fitted[name]):
        # What fits its own rows no better than another fits new ones is not worth the time.
        if best is None or fitted[name] > best.worth(pool, everything):
            found = _cross_fitted(pool, name, choices[name], partial(ways[name], most=most), folds)
            best = found if best is None else max(best, found, key=lambda each: each.worth(pool, everything))
    return best


def _cross_fitted(
    pool: AssertionPool,
    name: str,
    choice: Choice,
    way: Callable[[AssertionPool, Places], Choice],
    folds: Sequence[tuple[Places, Places]],
) -> Chosen:
    """The way with its choice on all rows, and what it says of each fold fitted without it."""
    fails, unknown = np.zeros(len(pool.rows), dtype=bool), np.zeros(len(pool.rows), dtype=bool)
    for fitted, held_out in folds:
        fails[held_out], unknown[held_out] = pool.judged(way(pool, fitted), held_out)
    return Chosen(way=name, choice=choice, calls=pool.calls(choice), fails=fails, unknown=unknown)


def _folds(pool: AssertionPool, rng: np.random.Generator) -> Iterator[tuple[Places, Places]]:
    """(fitted, held out) for each fold: groups are whole, and those that begin with one label are dealt in
    turn."""
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(pool.rows):
        groups.setdefault(row.example.group_key, []).append(place)
    shuffled = [list(groups.values())[int(i)] for i in rng.permutation(len(groups))]
    dealt = sorted(shuffled, key=lambda places: bool(pool.bad[places[0]]))
    for fold in range(FOLDS):
        held_out = [place for places in dealt[fold::FOLDS] for place in places]
        fitted = sorted(set(range(len(pool.rows))) - set(held_out))
        if held_out:
            yield np.array(fitted, dtype=np.intp), np.array(sorted(held_out), dtype=np.intp)


def _has_both(bad: Flags) -> bool:
    return bool(bad.any() and not bad.all())


def _worth(pool: AssertionPool, choice: Choice, at: Places) -> float:
    """Kappa on the rows that it was chosen on, less the price of its calls."""
    return _kappa(pool.bad[at], *pool.judged(choice, at)) - PRICE_OF_A_CALL * pool.calls(choice)


def _kappa(bad: Flags, fails: Flags, unknown: Flags) -> float:
    passes = ~fails & ~unknown
    table = Confusion(
        tp=int((fails & bad).sum()),
        fp=int((fails & ~bad).sum()),
        fn=int((passes & bad).sum()),
        tn=int((passes & ~bad).sum()),
        unparseable_bad=int((unknown & bad).sum()),
        unparseable_good=int((unknown & ~bad).sum()),
    )
    return cohen_kappa(table) or 0.0

"""Choosing a set: what the ways choose, and that none is taken for how well it fits its own rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from optimizers.criteria.choosing import WAYS, AssertionPool, Choice, choose
from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.learned import learn
from optimizers.criteria.rules import TAU
from optimizers.sets import outcome_of, read
from optimizers.types import (
    Assertion,
    AssertionKind,
    Combination,
    DecisionRule,
    Example,
    Failure,
    FailureKind,
    Label,
    LabelledExample,
    Outcome,
    Verdict,
)

UNREADABLE = Failure(kind=FailureKind.UNPARSEABLE, message="no verdict")
ROWS = 120


def pool(seed: int = 0, *, shared: float = 0.0, noise: int = 0) -> AssertionPool:
    """Three kinds of defect with an assertion each, right nine times in ten, and `noise` that say nothing.

    `shared` is the share of good rows on which all assertions err together.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 6, size=ROWS)  # 0 to 2: a defect; else the row is good
    doubted = rng.random(ROWS) < shared
    outcomes: list[dict[str, Outcome]] = []
    for j in range(3 + noise):
        p = np.where((kind == j) | (doubted & (kind > 2)), 0.85, 0.15) + rng.normal(0, 0.1, ROWS)
        p = rng.random(ROWS) if j > 2 else np.clip(p, 0.01, 0.99)
        mute = rng.random(ROWS) < 0.02
        outcomes.append({f"r{i:03}": UNREADABLE if mute[i] else verdict(float(p[i])) for i in range(ROWS)})
    rows = tuple(row(i, Label.FAIL if kind[i] < 3 else Label.PASS) for i in range(ROWS))
    return AssertionPool(assertions=tuple(map(asked, range(3 + noise))), rows=rows, outcomes=tuple(outcomes))


def verdict(p: float) -> Verdict:
    return Verdict(label=Label.FAIL if p >= 0.5 else Label.PASS, fail_probability=p)


def row(number: int, label: Label) -> LabelledExample:
    return LabelledExample(example=Example(id=f"r{number:03}", input=str(number), output=""), label=label)


def asked(number: int) -> Assertion:
    return Assertion(
        id=f"a{number}",
        criterion=f"No {number}",
        kind=AssertionKind.PROMPT,
        text=f"Judge {number}.",
        probability=True,
    )


EVERYTHING = np.arange(ROWS)


@pytest.mark.parametrize(
    "choice",
    [
        Choice(members=(0, 2)),
        Choice(members=(0, 1, 2), threshold=0.7),
        Choice(members=(2, 0), combination=Combination(weights=(0.7, -0.2), bias=0.3)),
    ],
)
def test_what_a_choice_is_reckoned_to_say_is_what_its_judge_says(choice: Choice) -> None:
    own = pool(noise=1)
    fails, unknown = own.judged(choice, EVERYTHING)
    judge = own.candidate(choice)
    place = {assertion: i for i, assertion in enumerate(own.assertions)}
    for i, labelled in enumerate(own.rows):
        cells = [own.outcomes[place[each]][labelled.id] for each in judge.assertions]
        known = [read(c, a, judge.decision) for c, a in zip(cells, judge.assertions, strict=True)]
        found = outcome_of([a.criterion for a in judge.assertions], judge.combination, known)
        said = found.label if isinstance(found, Verdict) else None
        assert said is (None if unknown[i] else Label.FAIL if fails[i] else Label.PASS)


def test_a_threshold_is_the_sets_decision_rule() -> None:
    assert pool().candidate(Choice(members=(0,), threshold=0.7)).decision == DecisionRule(threshold=0.7)


def test_programmes_choose_among_the_best_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimizers.criteria.choosing.MOST_PROGRAMMED", 3)
    found = WAYS["SPADE, coverage"](pool(noise=6), EVERYTHING, 99)
    assert set(found.members) <= {0, 1, 2}


@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_finds_a_set_that_is_small_enough(way: str) -> None:
    own = pool(noise=4)
    found = WAYS[way](own, EVERYTHING, 2)
    assert 1 <= len(found.members) <= 2
    assert len(found.combination.weights) in {0, len(found.members)}


def test_evalgens_way_is_evalgens_rule() -> None:
    own = pool(noise=3)
    names = evalgen(own.matrix(EVERYTHING), own.criteria, tau=TAU)
    assert WAYS["EvalGen's rule"](own, EVERYTHING, 99).members == tuple(map(int, names))


def test_any_fail_is_chosen_where_each_assertion_knows_its_kind() -> None:
    found = choose(pool(), np.random.default_rng(0), most=10)
    assert found is not None
    assert set(found.choice.members) == {0, 1, 2}
    assert found.kappa(pool(), EVERYTHING) > 0.8


def test_a_learned_rule_is_chosen_where_evidence_must_be_weighed() -> None:
    # Of five unsure witnesses of one defect any may cry wolf; together they are mostly right.
    rng = np.random.default_rng(1)
    bad = rng.random(ROWS) < 0.5
    seen = np.clip(0.5 + np.where(bad, 0.12, -0.12) + rng.normal(0, 0.2, (5, ROWS)), 0.02, 0.98)
    own = AssertionPool(
        assertions=tuple(map(asked, range(5))),
        rows=tuple(row(i, Label.FAIL if bad[i] else Label.PASS) for i in range(ROWS)),
        outcomes=[{f"r{i:03}": verdict(float(p)) for i, p in enumerate(line)} for line in seen],
    )
    found = choose(own, np.random.default_rng(0), most=10)
    assert found is not None
    assert found.way.startswith("learned rule")


def test_luck_on_its_own_rows_does_not_choose_a_way() -> None:
    # Twelve assertions that say nothing: some set of them fits these rows, none fits others.
    own = pool(noise=12)
    only_noise = AssertionPool(assertions=own.assertions[3:], rows=own.rows, outcomes=own.outcomes[3:])
    found = choose(only_noise, np.random.default_rng(0), most=12)
    assert found is None or found.kappa(only_noise, EVERYTHING) < 0.2


def test_the_same_seed_chooses_the_same_set() -> None:
    first, second = (choose(pool(noise=5), np.random.default_rng(3), most=6) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.way, first.choice) == (second.way, second.choice)


def test_without_rows_of_both_classes_there_is_nothing_to_choose_by() -> None:
    own = pool()
    good = tuple(labelled for labelled in own.rows if labelled.label is Label.PASS)
    one_class = AssertionPool(assertions=own.assertions, rows=good, outcomes=own.outcomes)
    assert choose(one_class, np.random.default_rng(0), most=3) is None
    nobody = AssertionPool(assertions=(), rows=own.rows, outcomes=())
    assert choose(nobody, np.random.default_rng(0), most=3) is None


# --- learned rule -----------------------------------------------------------------------------------------


def test_weights_are_those_of_a_ridge_penalised_regression() -> None:
    own = pool(noise=2)
    rule = learn(own.evidence, own.bad, most=99)
    # scikit-learn's C is one over the penalty; it leaves the bias free as well.
    expected = LogisticRegression(C=1 / 3.0, tol=1e-8, max_iter=1000).fit(own.evidence.T, own.bad)
    assert rule.weights == pytest.approx(expected.coef_[0], abs=2e-3)
    assert rule.bias == pytest.approx(expected.intercept_[0], abs=5e-3)


def test_what_moves_the_balance_least_leaves_first() -> None:
    own = pool(noise=6)
    assert set(learn(own.evidence, own.bad, most=3).members) == {0, 1, 2}

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from optimizers.drift import DriftStatus, TimedLabel, annotator_drift, holm, stratified_exact
from optimizers.errors import InvalidInput
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL
cell = st.integers(0, 12)


def said(labels: list[Label], annotator: str = "ana", start: int = 0) -> list[TimedLabel]:
    return [
        TimedLabel(annotator=annotator, example_id=f"r{start + i}", label=label, at=float(i))
        for i, label in enumerate(labels)
    ]


@settings(deadline=None)
@given(cell, cell, cell, cell)
def test_the_exact_test_of_one_stratum_is_fishers(a: int, b: int, c: int, d: int) -> None:
    assert stratified_exact([(a, b, c, d)]) == pytest.approx(fisher_exact([[a, b], [c, d]]).pvalue)


def test_the_exact_test_over_strata_by_hand() -> None:
    # Two tables (1, 0, 0, 1): each a is 0 or 1 with probability 1/2, so their sum is 2 with probability 1/4;
    # 0 is as improbable: p = 1/2.
    assert stratified_exact([(1, 0, 0, 1), (1, 0, 0, 1)]) == pytest.approx(0.5)


@settings(deadline=None)
@given(st.lists(st.tuples(cell, cell, cell, cell), min_size=1, max_size=4))
def test_the_order_of_strata_does_not_matter(tables: list[tuple[int, int, int, int]]) -> None:
    assert stratified_exact(tables) == pytest.approx(stratified_exact(tables[::-1]))


def test_holm_by_hand() -> None:
    # Sorted .01, .02, .04: 3 * .01 = .03, 2 * .02 = .04, 1 * .04 = .04
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]) == []


def test_somebody_who_becomes_stricter_is_seen() -> None:
    # 5 of the first 30 rows are failed, and 20 of the last 30.
    found = annotator_drift(said([F] * 5 + [P] * 25 + [F] * 20 + [P] * 10))[0]
    assert found.status is DriftStatus.CHANGED
    assert found.halves is not None
    assert found.halves.change.value == pytest.approx(0.5)
    assert found.halves.p_value == pytest.approx(fisher_exact([[20, 10], [5, 25]]).pvalue)


def test_a_change_in_which_rows_come_up_is_not_one_of_the_person() -> None:
    labels = said([F] * 5 + [P] * 25 + [F] * 20 + [P] * 10)
    judge = {one.example_id: one.label.value for one in labels}  # a fixed judge says the same of each row
    found = annotator_drift(labels, reference=judge)[0]
    assert found.status is DriftStatus.STEADY
    assert found.halves is not None
    assert found.halves.p_value == 1


def test_rows_labelled_twice_show_the_direction() -> None:
    first = said([P] * 14)
    again = [TimedLabel(annotator="ana", example_id=f"r{i}", label=F, at=100.0 + i) for i in range(9)]
    same = [TimedLabel(annotator="ana", example_id=f"r{i}", label=P, at=100.0 + i) for i in range(9, 14)]
    found = annotator_drift([*again, *same, *first])[0]
    assert found.repeats is not None
    assert found.repeats.to_fail == tuple(sorted(f"r{i}" for i in range(9)))
    assert found.repeats.to_pass == ()
    # All nine changes one way: 2 / 2**9
    assert found.repeats.p_value == pytest.approx(2 / 2**9)
    assert found.status is DriftStatus.CHANGED
    assert found.halves is None  # 14 rows are too few for halves


def test_as_many_changes_one_way_as_the_other_show_no_direction() -> None:
    first = [P, F] * 6
    second = [F, P, F, P, *first[4:]]
    again = [replace(one, at=50.0) for one in said(second)]
    found = annotator_drift([*said(first), *again])[0]
    assert found.repeats is not None
    assert found.repeats.p_value == 1
    assert found.repeats.kappa == pytest.approx(1 / 3)  # 8 of 12 the same, by chance 1/2
    assert found.status is DriftStatus.STEADY


def test_few_labels_say_so() -> None:
    found = annotator_drift(said([F, P] * 5))[0]
    assert found.status is DriftStatus.TOO_FEW
    assert found.halves is None
    assert found.repeats is None


def test_an_alpha_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"alpha must be in \(0, 1\), got 0"):
        annotator_drift([], alpha=0)


def test_a_team_of_steady_people_is_seldom_called_changed() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(200):
        team: list[TimedLabel] = []
        for name in "abcd":
            fails = rng.random(60) < 0.3
            team += said([F if fail else P for fail in fails], annotator=name)
        alarms += any(one.status is DriftStatus.CHANGED for one in annotator_drift(team))
    # At most .05 of the teams; exact tests stay below. 200 draws of .05 exceed 18 with probability .01.
    assert alarms <= 18

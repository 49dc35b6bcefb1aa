import itertools

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.agreement import krippendorff_alpha, people_agreement
from optimizers.types import Annotation, Example, Label, LabelledExample

P, F = Label.PASS, Label.FAIL


def alpha(units: list[list[Label]]) -> float | None:
    groups = [str(i) for i in range(len(units))]
    return krippendorff_alpha(units, groups, rng=np.random.default_rng(0), draws=50).value


def test_alpha_of_two_people_by_hand() -> None:
    # Krippendorff (2011), section A: ten units, binary, two observers; alpha = .095
    first = [P, F, P, P, P, P, P, P, F, P]
    second = [F, F, F, P, P, F, P, P, P, P]
    assert alpha([[a, b] for a, b in zip(first, second, strict=True)]) == pytest.approx(0.095, abs=5e-4)


def test_alpha_with_three_people_and_a_gap_by_hand() -> None:
    # Units FFP, PP, PPF, FF: 5 fails and 5 passes. Disagreeing pairs 2*1/2 + 0 + 1*2/2 + 0 = 2.
    # alpha = 1 - (10 - 1) * 2 / (5 * 5) = .28; the row with one label says nothing.
    assert alpha([[F, F, P], [P, P], [P, P, F], [F, F], [F]]) == pytest.approx(0.28)


units = st.lists(st.lists(st.sampled_from([P, F, None]), min_size=3, max_size=3), min_size=1, max_size=25)


@settings(deadline=None)
@given(units)
def test_alpha_equals_the_reference_package(table: list[list[Label | None]]) -> None:
    ours = alpha([[label for label in row if label is not None] for row in table])
    pairable = [row for row in table if sum(label is not None for label in row) > 1]
    if len({label for row in pairable for label in row if label is not None}) < 2:
        assert ours is None
        return
    coded = [[np.nan if v is None else float(v is F) for v in person] for person in zip(*table, strict=True)]
    theirs = krippendorff.alpha(
        reliability_data=coded, value_domain=[0.0, 1.0], level_of_measurement="nominal"
    )
    assert ours == pytest.approx(theirs)


@settings(deadline=None)
@given(units)
def test_alpha_does_not_know_the_order_of_people(table: list[list[Label | None]]) -> None:
    rows = [[label for label in row if label is not None] for row in table]
    there, back = alpha(rows), alpha([row[::-1] for row in rows])
    assert there == pytest.approx(back) if there is not None else back is None


def test_alpha_without_pairs_or_without_a_second_class_says_why() -> None:
    rng = np.random.default_rng(0)
    assert krippendorff_alpha([[F]], ["a"], rng=rng).undefined == "no row has labels of two people"
    assert krippendorff_alpha([[F, F]], ["a"], rng=rng).undefined == "all labels are fail"


def row(number: int, group: str | None = None, **labels_by_annotator: Label) -> LabelledExample:
    return LabelledExample(
        example=Example(id=f"r{number}", input=f"question {number}", output="answer", group=group),
        label=P,
        annotations=tuple(Annotation(annotator=a, label=v) for a, v in labels_by_annotator.items()),
    )


def test_each_pair_has_its_kappa_and_the_rows_behind_the_disagreement() -> None:
    same = [row(i, ana=F if i % 2 else P, ben=F if i % 2 else P) for i in range(24)]
    found = people_agreement([*same, row(98, ana=P, ben=F, cem=P), row(99, ana=F, ben=P)])
    first = found.pairs[0]
    assert first.annotators == ("ana", "ben")
    assert first.disagreed == ("r98", "r99")
    assert first.kappa.n == 26
    assert first.enough
    assert not found.pairs[1].enough
    assert found.annotators == {"ana": 26, "ben": 26, "cem": 1}
    low, value, high = first.kappa.low, first.kappa.value, first.kappa.high
    assert low is not None
    assert value is not None
    assert high is not None
    # Observed 24/26, by chance 1/2: (24/26 - 1/2) / (1/2) = 11/13
    assert value == pytest.approx(11 / 13)
    assert low < value < high


def test_intervals_resample_groups() -> None:
    def width(groups: int) -> float:
        rows = [
            row(i, group=f"g{i % groups}", ana=F if i % 4 < 2 else P, ben=F if i % 4 in {0, 2} else P)
            for i in range(200)
        ]
        found = people_agreement(rows).alpha
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert width(8) > 1.5 * width(200)


def test_one_persons_labels_agree_with_nobody() -> None:
    found = people_agreement([row(i, ana=P) for i in range(30)])
    assert found.pairs == ()
    assert found.alpha.value is None
    assert not found.enough


def test_the_same_seed_gives_the_same_intervals() -> None:
    rows = [row(i, ana=a, ben=b) for i, (a, b) in enumerate(itertools.product([P, F], repeat=2))] * 6
    assert people_agreement(rows, seed=3) == people_agreement(rows, seed=3)

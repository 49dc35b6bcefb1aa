import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from optimizers.kappa import (
    Confusion,
    accuracy,
    cohen_kappa,
    confusion,
    coverage,
    f1,
    false_failure_rate,
    human_agreement,
    matthews,
    precision,
)
from optimizers.types import Annotation, Example, Label, LabelledExample

P, F = Label.PASS, Label.FAIL

labels = st.sampled_from([P, F])
judged = st.sampled_from([P, F, None])
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=60)
pairs_with_gaps = st.lists(st.tuples(labels, judged), min_size=1, max_size=60)


def test_kappa_of_a_small_table_by_hand() -> None:
    # 20 rows, observed agreement (8 + 6) / 20 = .70; chance (10 * 12 + 10 * 8) / 400 = .50
    assert cohen_kappa(Confusion(tp=8, fn=2, fp=4, tn=6)) == pytest.approx((0.70 - 0.50) / (1 - 0.50))


def test_an_always_pass_judge_on_skewed_data_has_kappa_zero() -> None:
    table = confusion([F] * 10 + [P] * 90, [P] * 100)
    assert accuracy(table) == 0.9
    assert cohen_kappa(table) == 0


def test_an_unanswered_row_counts_as_disagreement() -> None:
    answered = confusion([F, P, F, P], [F, P, F, P])
    dodging = confusion([F, P, F, P], [F, P, None, None])
    # observed 2/4; chance (2 * 1 + 2 * 1) / 16 = 1/4
    assert cohen_kappa(answered) == 1
    assert cohen_kappa(dodging) == pytest.approx((1 / 2 - 1 / 4) / (1 - 1 / 4))
    assert cohen_kappa(dodging.answered) == 1


def test_dodging_rows_that_it_gets_wrong_gains_a_judge_no_agreement() -> None:
    wrong = accuracy(confusion([F, P, F, P], [F, P, P, F]))
    dodged = accuracy(confusion([F, P, F, P], [F, P, None, None]))
    assert wrong == dodged == 0.5


def test_metrics_of_fails_by_hand() -> None:
    table = Confusion(tp=6, fp=3, fn=2, tn=9, unparseable_bad=2, unparseable_good=3)
    assert coverage(table) == pytest.approx(6 / 10)  # unparseable bad rows were not caught
    assert precision(table) == pytest.approx(6 / 9)
    assert false_failure_rate(table) == pytest.approx(3 / 15)
    assert f1(table) == pytest.approx(2 * 6 / (10 + 9))
    assert table.n == 25


@pytest.mark.parametrize(
    "metric", [cohen_kappa, accuracy, coverage, precision, f1, matthews, false_failure_rate]
)
def test_a_metric_of_no_rows_is_undefined(metric: object) -> None:
    assert callable(metric)
    assert metric(Confusion()) is None


def test_kappa_is_undefined_where_both_use_one_class() -> None:
    assert cohen_kappa(confusion([P, P, P], [P, P, P])) is None


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        confusion([P, F], [P])


@given(pairs)
def test_kappa_equals_scikit_learn(rows: list[tuple[Label, Label]]) -> None:
    truth, other = [a.value for a, _ in rows], [b.value for _, b in rows]
    ours = cohen_kappa(confusion([a for a, _ in rows], [b for _, b in rows]))
    if ours is not None:
        assert ours == pytest.approx(cohen_kappa_score(truth, other))


@given(pairs_with_gaps)
def test_three_category_metrics_equal_scikit_learn(rows: list[tuple[Label, Label | None]]) -> None:
    table = confusion([a for a, _ in rows], [b for _, b in rows])
    truth, other = [str(a) for a, _ in rows], [str(b) for _, b in rows]
    kappa = cohen_kappa(table)
    if kappa is not None:
        assert kappa == pytest.approx(cohen_kappa_score(truth, other))
    correlation = matthews(table)
    if correlation is not None:
        assert correlation == pytest.approx(matthews_corrcoef(truth, other))


@given(pairs)
def test_kappa_is_symmetric(rows: list[tuple[Label, Label]]) -> None:
    there = cohen_kappa(confusion([a for a, _ in rows], [b for _, b in rows]))
    back = cohen_kappa(confusion([b for _, b in rows], [a for a, _ in rows]))
    assert there == pytest.approx(back)


@given(pairs)
def test_kappa_survives_renaming_the_labels(rows: list[tuple[Label, Label]]) -> None:
    other = {P: F, F: P}
    before = cohen_kappa(confusion([a for a, _ in rows], [b for _, b in rows]))
    after = cohen_kappa(confusion([other[a] for a, _ in rows], [other[b] for _, b in rows]))
    assert before == pytest.approx(after)


def row(number: int, **labels_by_annotator: Label) -> LabelledExample:
    return LabelledExample(
        example=Example(id=f"r{number}", input=f"question {number}", output="answer"),
        label=P,
        annotations=tuple(Annotation(annotator=a, label=v) for a, v in labels_by_annotator.items()),
    )


def test_the_ceiling_is_the_pair_that_shares_most_rows() -> None:
    agreed = [row(i, ana=F if i % 2 else P, ben=F if i % 2 else P) for i in range(24)]
    disputed = [row(100 + i, ana=P, ben=F, chief=F if i % 2 else P) for i in range(6)]
    found = human_agreement([*agreed, *disputed])
    assert found.ceiling is not None
    assert found.ceiling.annotators == ("ana", "ben")
    assert found.ceiling.n == 30
    assert [pair.n for pair in found.pairs] == [30, 6, 6]


def test_there_is_no_ceiling_below_twenty_shared_rows() -> None:
    assert human_agreement([row(i, ana=P, ben=F) for i in range(19)]).ceiling is None
    assert human_agreement([]).ceiling is None

from math import comb

import pytest

from optimizers.kappa import cohen_kappa, confusion
from optimizers.strategies.racing import cannot_win, loss_p_value
from optimizers.types import Candidate, Evaluation, Example, Label, LabelledExample, Trial, Verdict

P, F = Label.PASS, Label.FAIL


def rows(labels: list[Label]) -> tuple[LabelledExample, ...]:
    return tuple(
        LabelledExample(example=Example(id=str(i), input=str(i), output=str(i)), label=label)
        for i, label in enumerate(labels)
    )


def judged(labels: list[Label]) -> Evaluation:
    outcomes = {str(i): Verdict(label=label) for i, label in enumerate(labels)}
    return Evaluation(candidate_id="x", outcomes=outcomes)


def incumbent(truth: list[Label], labels: list[Label]) -> Trial:
    kappa = cohen_kappa(confusion(truth, labels))
    return Trial(number=0, candidate=Candidate(), evaluation=judged(labels), kappa=kappa)


def test_without_a_row_on_which_they_differ_nobody_loses() -> None:
    truth = [P, F, P, F]
    assert loss_p_value(judged([P, P, P, F]), judged([P, P, P, F]), rows(truth)) == 1.0


def test_in_one_class_the_test_is_the_exact_sign_test() -> None:
    # One win and five losses: P(at most 1 of 6 heads) = (1 + 6) / 64.
    truth = [F] * 8
    challenger, champion = judged([F, *[P] * 5, F, F]), judged([P, *[F] * 5, F, F])
    assert loss_p_value(challenger, champion, rows(truth)) == pytest.approx((1 + 6) / 64)


def test_losing_every_row_is_as_unlikely_as_all_coins_falling_alike() -> None:
    truth = [F] * 4 + [P] * 4
    wrong, right = judged([P] * 4 + [F] * 4), judged(truth)
    assert loss_p_value(wrong, right, rows(truth)) == pytest.approx(0.5**8)
    assert loss_p_value(right, wrong, rows(truth)) == 1.0


def test_a_row_of_the_rarer_class_weighs_more() -> None:
    # Challenger catches both bad rows and fails two of twelve good ones; champion passes everything.
    truth = [F] * 2 + [P] * 12
    challenger = judged([F, F, F, F] + [P] * 10)
    champion = judged([P] * 14)
    # Weighted: 2/2 won against 2/12 lost. Unweighted it would be a draw, P(X <= 2 of 4) = 11/16.
    assert loss_p_value(challenger, champion, rows(truth)) > sum(comb(4, k) for k in (0, 1, 2)) / 16


def test_a_candidate_is_dropped_once_even_a_perfect_rest_would_not_do() -> None:
    truth = [F, P] * 5
    best = incumbent(truth, [*truth[:9], F])  # one mistake
    assert cannot_win(judged([P, F]), best, rows(truth))  # two mistakes in the first two rows
    assert not cannot_win(judged([F, P]), best, rows(truth))


def test_a_draw_is_not_a_win() -> None:
    truth = [F, P] * 5
    best = incumbent(truth, [*truth[:9], F])
    assert cannot_win(judged([F, F]), best, rows(truth))


def test_against_a_kappa_below_zero_nobody_is_written_off() -> None:
    truth = [F, P] * 5
    best = incumbent(truth, [P, F] * 5)
    assert not cannot_win(judged([P, F]), best, rows(truth))

import pytest
from scipy.stats import binomtest

from optimizers.mcnemar import mcnemar
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL


def test_only_rows_on_which_one_is_right_alone_count() -> None:
    # a alone right on 1, b alone on 5; six throws: 2 * (1 + 6) / 64 = .21875.
    truth = [P] * 10
    a = [P, *[F] * 5, *[P] * 3, F]
    b = [F, *[P] * 5, *[P] * 3, F]
    found = mcnemar(truth, a, b)
    assert (found.only_a, found.only_b, found.p_value) == (1, 5, 0.21875)


def test_no_verdict_is_never_right() -> None:
    found = mcnemar([P, F], [None, None], [P, F])
    assert (found.only_a, found.only_b, found.p_value) == (0, 2, 0.5)


def test_judges_that_no_row_tells_apart_are_alike() -> None:
    assert mcnemar([P, F], [F, F], [F, F]).p_value == 1.0


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (7, 7), (3, 19), (400, 350), (2000, 2100)])
def test_the_p_value_is_that_of_the_exact_test(only_a: int, only_b: int) -> None:
    a, b = [P] * only_a + [F] * only_b, [F] * only_a + [P] * only_b
    expected = binomtest(only_a, only_a + only_b).pvalue
    assert mcnemar([P] * len(a), a, b).p_value == pytest.approx(expected)


def test_sequences_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        mcnemar([P], [P, P], [P])

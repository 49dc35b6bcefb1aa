import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from optimizers.errors import InvalidInput
from optimizers.shares import difference, wilson


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_scipy(counts: tuple[int, int]) -> None:
    count, n = counts
    theirs = binomtest(count, n).proportion_ci(0.95, method="wilson")
    ours = wilson(count, n)
    assert ours.value == count / n
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)


def test_a_share_of_no_rows_is_undefined() -> None:
    assert wilson(0, 0).value is None
    assert difference(wilson(0, 0), wilson(1, 2)).value is None


def test_more_than_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"\[0, 3\], got 4"):
        wilson(4, 3)


def test_the_difference_of_two_shares_is_newcombes_published_one() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    found = difference(wilson(56, 70), wilson(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    found = difference(wilson(9, 10), wilson(3, 10))
    assert (found.low, found.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@settings(deadline=None)
@given(*[st.integers(0, 40)] * 2, *[st.integers(0, 40)] * 2)
def test_a_difference_the_other_way_is_its_negative(a: int, b: int, c: int, d: int) -> None:
    one, other = wilson(a, a + b + 1), wilson(c, c + d + 1)
    there, back = difference(one, other), difference(other, one)
    assert there.low is not None
    assert back.high is not None
    assert there.low == pytest.approx(-back.high)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.clustered import share, shares_of_groups
from optimizers.kappa import Confusion, accuracy, coverage, f1, false_failure_rate, precision


def _bounds(parts: list[int], wholes: list[int]) -> tuple[float | None, float | None]:
    found = share(np.array(parts, dtype=float), np.array(wholes, dtype=float), np.ones(len(parts)), "no rows")
    return found.low, found.high


def test_rows_of_their_own_have_wilsons_interval() -> None:
    # 8 of 10, z = 1.96, z^2 = 3.8415: centre (.8 + 3.8415/20) / 1.38415 = .71674,
    # half 1.96 / 1.38415 * sqrt(.8*.2/10 + 3.8415/400) = .22659.
    assert _bounds([1] * 8 + [0] * 2, [1] * 10) == pytest.approx((0.49016, 0.94334), abs=1e-4)


def test_five_of_five_are_not_certain() -> None:
    # Wilson for x = n: n / (n + z^2) = 5 / 8.8415.
    assert _bounds([1] * 5, [1] * 5) == pytest.approx((0.56552, 1.0), abs=1e-4)


def test_twins_say_no_more_than_one_of_them() -> None:
    twins = _bounds([2] * 8 + [0] * 2, [2] * 10)
    singles = _bounds([1] * 16 + [0] * 4, [1] * 20)
    # Between 10 groups: 10/9 * (8 * .4^2 + 2 * 1.6^2) / 20^2 = 1.7778 %; 20 independent rows: .8 * .2 / 19
    # = .84211 %. So 20 rows are worth 20 * .84211 / 1.7778 = 9.4737.
    assert twins[0] is not None
    assert singles[0] is not None
    assert twins[0] < singles[0]
    assert twins == pytest.approx(_wilson(0.8, 9.4737), abs=1e-4)


def _wilson(value: float, n: float) -> tuple[float, float]:
    z2 = 1.959964**2
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (value * (1 - value) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return centre - half, centre + half


def test_groups_that_are_all_alike_count_as_groups() -> None:
    assert _bounds([10, 10], [10, 10]) == pytest.approx((2 / (2 + 3.8415), 1.0), abs=1e-4)


def test_groups_without_a_row_of_the_whole_have_no_say() -> None:
    assert _bounds([1, 1, 0, 0, 0], [1, 1, 1, 0, 0]) == _bounds([1, 1, 0], [1, 1, 1])


def test_the_interval_holds_the_true_share_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):  # 40 groups of 5 rows whose chance of passing varies by group about .8
        chances = rng.beta(8, 2, size=40)
        parts = rng.binomial(5, chances).astype(float)
        found = share(parts, np.full(40, 5.0), np.ones(40), "no rows")
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.8 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


CELLS = st.integers(min_value=0, max_value=4)
TABLES = st.builds(
    Confusion, tp=CELLS, fp=CELLS, fn=CELLS, tn=CELLS, unparseable_bad=CELLS, unparseable_good=CELLS
)


@settings(deadline=None)  # the first call may meet a busy machine
@given(st.lists(TABLES, max_size=8))
def test_values_are_those_of_the_whole_table_and_lie_in_their_intervals(groups: list[Confusion]) -> None:
    found = shares_of_groups(groups)
    assert found == shares_of_groups(list(reversed(groups)))
    whole = Confusion(
        **{
            name: sum(getattr(table, name) for table in groups)
            for name in ("tp", "fp", "fn", "tn", "unparseable_bad", "unparseable_good")
        }
    )
    for name, metric in (
        ("accuracy", accuracy),
        ("precision", precision),
        ("coverage", coverage),
        ("false_failure_rate", false_failure_rate),
        ("f1", f1),
    ):
        estimate = getattr(found, name)
        assert estimate.value == pytest.approx(metric(whole))
        if estimate.value is not None:
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_a_share_of_nothing_says_why() -> None:
    found = shares_of_groups([Confusion(tn=3)])
    assert found.coverage.undefined == "no row is labelled fail"
    assert found.precision.undefined == "the judge fails no row"
    assert found.false_failure_rate.value == 0.0
    assert shares_of_groups([]).accuracy.undefined == "no rows"

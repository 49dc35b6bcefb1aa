from collections import Counter

import numpy as np
import pytest

from optimizers.joint.likeness import Likeness
from optimizers.joint.showing import CONTRAST, FOCUS, MOST_FOCUS, bunches, contrast
from tests.optimizers.joint.conftest import row

PARCELS = [row(f"p{n}", f"The parcel number {n} was sent by post and arrives.") for n in range(FOCUS)]
LOGINS = [row(f"l{n}", f"Reset your password {n} and log in to an account.") for n in range(FOCUS)]
MIXED = [each for pair in zip(PARCELS, LOGINS, strict=True) for each in pair]
LIKENESS = Likeness(MIXED)


@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("rows", [1, FOCUS - 1, 2 * FOCUS])
def test_bunches_are_small_and_show_all_rows_about_equally_often(rows: int, n: int, clustered: bool) -> None:
    shown = MIXED[:rows]
    found = bunches(shown, n, LIKENESS, np.random.default_rng(0), clustered=clustered)
    assert len(found) == n
    assert all(0 < len(bunch) <= MOST_FOCUS for bunch in found)
    times = Counter(each.id for bunch in found for each in bunch)
    counts = [times[each.id] for each in shown]
    assert max(counts) - min(counts) <= 1


def test_clustered_bunches_hold_alike_rows() -> None:
    found = bunches(MIXED, 2, LIKENESS, np.random.default_rng(0), clustered=True)
    assert sorted({each.id[0] for each in bunch} == {bunch[0].id[0]} for bunch in found) == [True, True]


def test_bunches_follow_the_generator() -> None:
    one, same, other = (
        bunches(MIXED, 4, LIKENESS, np.random.default_rng(seed), clustered=False) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_of_no_rows_there_are_no_bunches() -> None:
    assert bunches([], 3, LIKENESS, np.random.default_rng(0), clustered=True) == []


def test_beside_a_bunch_stand_the_rows_that_are_most_like_it_each_once() -> None:
    found = contrast((PARCELS[0], PARCELS[1]), [*LOGINS, *PARCELS[2:]], LIKENESS, 2)
    assert len({each.id for each in found}) == 2
    assert all(each.id.startswith("p") for each in found)


def test_there_are_no_more_beside_a_bunch_than_there_are() -> None:
    assert contrast(tuple(PARCELS), LOGINS[:1], LIKENESS) == (LOGINS[0],)
    assert len(contrast(tuple(PARCELS), LOGINS, LIKENESS)) == min(CONTRAST, len(PARCELS))
    assert contrast(tuple(PARCELS), [], LIKENESS) == ()


def test_few_rows_are_bunched_in_another_order_each_time() -> None:
    found = bunches(PARCELS[:5], 6, LIKENESS, np.random.default_rng(0), clustered=True)
    assert {frozenset(bunch) for bunch in found} == {frozenset(PARCELS[:5])}
    assert len(set(found)) > 1

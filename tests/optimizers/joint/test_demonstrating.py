import numpy as np
import pytest

from optimizers.joint.demonstrating import demonstrations, pairs, spread
from optimizers.joint.likeness import Likeness
from optimizers.types import Label
from tests.optimizers.joint.conftest import row

KINDS = ("parcel sent by post", "password reset for login", "invoice with wrong tax")
FAILED = [row(f"f{k}{n}", f"A {kind}, rude {n}.", Label.FAIL) for k, kind in enumerate(KINDS) for n in "ab"]
PASSED = [row(f"p{k}{n}", f"A {kind}, kind {n}.") for k, kind in enumerate(KINDS) for n in "ab"]
LIKENESS = Likeness([*FAILED, *PASSED])


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("contrasting", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_there_are_as_many_of_each_class_in_turn(n: int, contrasting: bool) -> None:
    found = pairs(FAILED, PASSED, n, LIKENESS, rng(), contrasting=contrasting)
    assert [each.label for each in found] == [Label.FAIL, Label.PASS] * n
    assert len({each.id for each in found}) == 2 * n


def test_where_one_class_is_scarce_the_other_is_cut_to_it() -> None:
    found = pairs(FAILED, PASSED[:2], 6, LIKENESS, rng(), contrasting=True)
    assert [each.label for each in found] == [Label.FAIL, Label.PASS] * 2


def test_many_kinds_are_shown_before_one_is_shown_twice() -> None:
    assert {each.id[1] for each in spread(FAILED, 3, LIKENESS, rng())} == {"0", "1", "2"}


def test_of_alike_rows_one_with_a_critique_is_taken() -> None:
    told = [row(f"{each.id}!", each.example.output, Label.FAIL, critique="Rude.") for each in FAILED[::2]]
    rows = [*FAILED, *told]
    assert all(each.critique for each in spread(rows, 3, Likeness(FAILED + told), rng()))


def test_a_contrast_is_the_passed_row_that_is_closest() -> None:
    found = pairs(FAILED, PASSED, 3, LIKENESS, rng(), contrasting=True)
    assert all(bad.id[1] == good.id[1] for bad, good in zip(found[::2], found[1::2], strict=True))


def test_the_same_generator_draws_the_same_rows() -> None:
    assert spread(FAILED, 2, LIKENESS, rng()) == spread(FAILED, 2, LIKENESS, rng())


def test_a_solved_example_carries_its_rationale_if_there_is_one() -> None:
    first, second = demonstrations(FAILED[:2], {FAILED[0].id: "Rude."})
    assert (first.example_id, first.label, first.rationale) == ("f0a", Label.FAIL, "Rude.")
    assert (second.output, second.rationale) == (FAILED[1].example.output, None)

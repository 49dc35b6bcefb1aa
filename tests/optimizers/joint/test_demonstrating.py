from dataclasses import replace

import numpy as np
import pytest

from optimizers.joint.demonstrating import LONGEST_SHOWN, Demonstrating, spread
from optimizers.joint.ideas import Idea, switched_on
from optimizers.joint.likeness import Likeness
from optimizers.testing.lab import Table
from optimizers.types import Label, LabelledExample
from tests.optimizers.joint.conftest import judged, row

KINDS = ("parcel sent by post", "password reset for login", "invoice with wrong tax")
FAILED = [row(f"f{k}{n}", f"A {kind}, rude {n}.", Label.FAIL) for k, kind in enumerate(KINDS) for n in "ab"]
PASSED = [row(f"p{k}{n}", f"A {kind}, kind {n}.") for k, kind in enumerate(KINDS) for n in "ab"]
ROWS = [*FAILED, *PASSED]


def drawing(table: Table, rows: list[LabelledExample], *without: str) -> Demonstrating:
    return Demonstrating(table.bench, rows, Likeness(rows), switched_on(without))


# --- which rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_there_are_as_many_of_each_class_in_turn(table: Table, n: int) -> None:
    found = drawing(table, ROWS).draw(n, "x")
    assert [each.label for each in found] == [Label.FAIL, Label.PASS] * n
    assert len({each.id for each in found}) == 2 * n


def test_where_one_class_is_scarce_the_other_is_cut_to_it(table: Table) -> None:
    found = drawing(table, [*FAILED, *PASSED[:2]]).draw(6, "x")
    assert [each.label for each in found] == [Label.FAIL, Label.PASS] * 2


def test_of_one_class_alone_nothing_is_shown(table: Table) -> None:
    assert drawing(table, FAILED).draw(3, "x") == ()
    assert drawing(table, PASSED).draw(3, "x") == ()
    assert drawing(table, ROWS, Idea.DEMONSTRATIONS).draw(3, "x") == ()


def test_rows_that_are_judged_wrongly_are_shown_where_there_are_enough(table: Table) -> None:
    known = judged({each.id: Label.PASS if each.id.startswith("f0") else each.label for each in ROWS})
    enough, too_few = (drawing(table, ROWS).draw(n, "x", known) for n in (2, 3))
    assert {each.id for each in enough[::2]} == {"f0a", "f0b"}
    assert {each.id[1] for each in too_few[::2]} == {"0", "1", "2"}


def test_a_draw_depends_on_its_name_alone(table: Table) -> None:
    draws = {drawing(table, ROWS).draw(1, name) for name in ("a", "b", "c", "d", "e")}
    assert len(draws) > 1
    assert drawing(table, ROWS).draw(2, "a") == drawing(table, ROWS).draw(2, "a")


def test_many_kinds_are_shown_before_one_is_shown_twice() -> None:
    found = spread(FAILED, 3, Likeness(FAILED), np.random.default_rng(3))
    assert {each.id[1] for each in found} == {"0", "1", "2"}


def test_of_alike_rows_one_with_a_critique_is_taken() -> None:
    told = [row(f"{each.id}!", each.example.output, Label.FAIL, critique="Rude.") for each in FAILED[::2]]
    rows = [*FAILED, *told]
    assert all(each.critique for each in spread(rows, 3, Likeness(rows), np.random.default_rng(3)))


# --- as solved examples -----------------------------------------------------------------------------


def test_a_person_s_critique_is_the_rationale(table: Table) -> None:
    rows = [replace(FAILED[0], critique="Rude."), PASSED[0]]
    first, second = drawing(table, rows).shown(rows)
    assert (first.example_id, first.label, first.rationale) == ("f0a", Label.FAIL, "Rude.")
    assert (second.output, second.rationale) == (PASSED[0].example.output, None)


def test_the_proposer_explains_what_nobody_has_one_call_each(table: Table) -> None:
    rows = [replace(FAILED[0], critique="Rude."), PASSED[0], FAILED[2]]
    drawn = drawing(table, rows)
    drawn.write_rationales(rows, reserve=0)
    assert table.model.calls == 2
    drawn.write_rationales(rows, reserve=0)
    asked = [message.content for request in table.model.requests for message in request.messages]
    assert not any(FAILED[0].example.output in text for text in asked)


def test_what_is_too_long_to_show_is_left_out_in_pairs(table: Table) -> None:
    long = [replace(each, example=replace(each.example, input="x" * (LONGEST_SHOWN // 3))) for each in ROWS]
    assert len(drawing(table, long).shown(long)) == 2
    assert len(drawing(table, ROWS).shown(ROWS)) == len(ROWS)

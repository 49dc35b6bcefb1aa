import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.errors import InvalidInput, NotEnoughLabels
from optimizers.splits import (
    Fractions,
    RowKey,
    assign_parts,
    require_labels_to_evaluate,
    require_labels_to_optimize,
    split_warnings,
)
from optimizers.types import Example, Label, LabelledExample, Part, Split

P, F = Label.PASS, Label.FAIL

datasets = st.lists(st.tuples(st.integers(0, 25), st.sampled_from([P, F])), min_size=1, max_size=80).map(
    lambda rows: [RowKey(id=f"r{i}", group_key=f"g{g}", label=label) for i, (g, label) in enumerate(rows)]
)


@given(datasets)
def test_every_row_has_one_part_and_groups_stay_whole(rows: list[RowKey]) -> None:
    parts = assign_parts(rows, Fractions())
    assert parts.keys() == {row.id for row in rows}
    by_group: dict[str, set[Part]] = {}
    for row in rows:
        by_group.setdefault(row.group_key, set()).add(parts[row.id])
    assert all(len(found) == 1 for found in by_group.values())


@given(datasets, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[RowKey], shuffler: random.Random) -> None:
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert assign_parts(shuffled, Fractions()) == assign_parts(rows, Fractions())


@given(datasets, datasets)
def test_appended_rows_move_none(rows: list[RowKey], more: list[RowKey]) -> None:
    before = assign_parts(rows, Fractions())
    later = [RowKey(id="new-" + row.id, group_key=row.group_key, label=row.label) for row in more]
    after = assign_parts([*rows, *later], Fractions(), existing=before)
    assert {i: after[i] for i in before} == before
    assert after.keys() == {row.id for row in (*rows, *later)}


def test_classes_and_sizes_are_kept_in_proportion() -> None:
    rows = [RowKey(id=f"r{i}", group_key=f"g{i}", label=F if i % 4 == 0 else P) for i in range(400)]
    parts = assign_parts(rows, Fractions(train=0.5, dev=0.3, test=0.2))
    counts = Counter((parts[row.id], row.label) for row in rows)
    assert counts == {
        (Part.TRAIN, F): 50, (Part.DEV, F): 30, (Part.TEST, F): 20,
        (Part.TRAIN, P): 150, (Part.DEV, P): 90, (Part.TEST, P): 60,
    }  # fmt: skip


def test_labels_that_come_one_by_one_are_spread_too() -> None:
    parts: dict[str, Part] = {}
    rows = [RowKey(id=f"r{i}", group_key=f"g{i}", label=F if i % 2 else P) for i in range(100)]
    for end in range(1, 101):
        parts = assign_parts(rows[:end], Fractions(), existing=parts)
    counts = Counter(parts.values())
    assert abs(counts[Part.TRAIN] - 40) <= 3
    assert abs(counts[Part.TEST] - 30) <= 3


@pytest.mark.parametrize("name", ["disagreement", "evalgen", "learning", "one to come"])
def test_rows_picked_by_what_judges_say_stay_out_of_test(name: str) -> None:
    rows = [RowKey(id=f"r{i}", group_key=f"g{i}", label=P, picked_by=name) for i in range(30)]
    assert Part.TEST not in assign_parts(rows, Fractions()).values()


def test_such_a_row_of_a_test_group_gets_no_part() -> None:
    known = RowKey(id="known", group_key="g", label=P)
    picked = RowKey(id="picked", group_key="g", label=P, picked_by="disagreement")
    parts = assign_parts([known, picked], Fractions(), existing={"known": Part.TEST})
    assert parts == {"known": Part.TEST}


def test_a_test_fraction_of_zero_leaves_test_empty() -> None:
    rows = [RowKey(id=f"r{i}", group_key=f"g{i}", label=P) for i in range(50)]
    assert set(assign_parts(rows, Fractions(train=0.6, dev=0.4, test=0)).values()) == {Part.TRAIN, Part.DEV}


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ({"train": 1.4, "dev": 0.3, "test": 0.3}, r"split.train must be in \[0, 1\], got 1.4"),
        ({"train": 0.5, "dev": 0.5, "test": 0.5}, "must add up to 1, got 1.5"),
        ({"train": 0.7, "dev": 0.0, "test": 0.3}, "split.dev must be above 0"),
    ],
)
def test_bad_fractions_are_named(fractions: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Fractions(**fractions)


def test_nineteen_labels_are_one_too_few_to_evaluate() -> None:
    with pytest.raises(NotEnoughLabels) as refusal:
        require_labels_to_evaluate([P] * 19)
    assert refusal.value.missing == {"labels": 1}
    require_labels_to_evaluate([P] * 20)


def test_a_run_needs_both_classes() -> None:
    with pytest.raises(NotEnoughLabels) as refusal:
        require_labels_to_optimize([P] * 60)
    assert refusal.value.missing == {"fail": 10}
    with pytest.raises(NotEnoughLabels) as refusal:
        require_labels_to_optimize([P] * 20 + [F] * 7)
    assert refusal.value.missing == {"labels": 23, "fail": 3}
    require_labels_to_optimize([P] * 40 + [F] * 10)


def test_a_group_that_holds_half_the_data_is_warned_of_and_stays_whole() -> None:
    rows = [
        LabelledExample(
            example=Example(id=f"r{i}", input=f"q{i}", output="a", group="big" if i % 2 else f"g{i}"),
            label=F if i % 3 else P,
        )
        for i in range(100)
    ]
    keys = [RowKey(id=r.id, group_key=r.example.group_key, label=r.label) for r in rows]
    parts = assign_parts(keys, Fractions())
    assert len({parts[r.id] for r in rows if r.example.group == "big"}) == 1
    assert set(parts.values()) == set(Part)
    assert any("holds 50 of 100 rows (50%)" in text for text in split_warnings(rows, Split(parts=parts)))

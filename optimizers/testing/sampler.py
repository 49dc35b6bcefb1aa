"""What every sampler keeps to, whatever it goes by."""

# ruff: noqa: D102  # the class lists its tests by number

import random
from dataclasses import replace

import pytest

from optimizers.errors import InvalidInput
from optimizers.sampling import LabellingState, Sampler
from optimizers.splits import may_measure
from optimizers.types import Failure, FailureKind, Label, Outcome, Verdict

_ROWS = tuple(f"row {i:02d}" for i in range(30))


def labelling_state(*, labelled: int = 8, candidates: int = 5) -> LabellingState:
    """30 rows, some labelled, with verdicts of candidates that differ, gaps and failures among them."""
    rng = random.Random(4)  # noqa: S311  # an invented case

    def outcome() -> Outcome | None:
        p = round(rng.random(), 2)
        if rng.random() < 0.1:
            return None
        if rng.random() < 0.1:
            return Failure(kind=FailureKind.UNPARSEABLE, message="no verdict")
        return Verdict(label=Label.FAIL if p > 0.6 else Label.PASS, fail_probability=p)

    said = {f"c{k}": {row: outcome() for row in _ROWS} for k in range(candidates)}
    return LabellingState(
        open_rows=_ROWS[labelled:],
        labels={row: rng.choice(list(Label)) for row in _ROWS[:labelled]},
        outcomes={name: {row: one for row, one in cells.items() if one} for name, cells in said.items()},
        groups={row: f"group {i // 2}" for i, row in enumerate(_ROWS)},
    )


class SamplerContract:
    """Invariants of a sampler.

    A test class derives from it and gives a fixture `sampler`, one line for each:

    1. it picks as many different open rows as asked for;
    2. it picks what is left where that is less, and nothing where nothing is;
    3. it never picks a labelled row, even one that is named as open;
    4. the same state and seed give the same rows, whatever their order;
    5. it works before any candidate has answered, and before any label;
    6. it works with labels of one class only;
    7. picking goes on until every row is labelled;
    8. what it records fits its column, and is a way by chance only where no verdict had a say;
    9. it refuses to pick fewer than one row.
    """

    def test_1_it_picks_as_many_different_open_rows_as_asked_for(self, sampler: Sampler) -> None:
        state = labelling_state()
        picked = sampler.next(state, 7, seed=1).rows
        assert len(picked) == len(set(picked)) == 7
        assert set(picked) <= set(state.open_rows)

    def test_2_it_picks_what_is_left(self, sampler: Sampler) -> None:
        state = labelling_state(labelled=26)
        assert set(sampler.next(state, 9, seed=1).rows) == set(state.open_rows)
        assert sampler.next(labelling_state(labelled=30), 9, seed=1).rows == ()

    def test_3_it_never_picks_a_labelled_row(self, sampler: Sampler) -> None:
        state = replace(labelling_state(), open_rows=_ROWS)
        assert state.labels.keys().isdisjoint(sampler.next(state, 30, seed=1).rows)

    def test_4_the_order_of_rows_does_not_matter(self, sampler: Sampler) -> None:
        state = labelling_state()
        turned = LabellingState(
            open_rows=state.open_rows[::-1],
            labels=dict(reversed(list(state.labels.items()))),
            outcomes=dict(reversed(list(state.outcomes.items()))),
            groups=state.groups,
        )
        assert sampler.next(state, 6, seed=3) == sampler.next(turned, 6, seed=3)

    def test_5_it_works_before_anybody_has_said_anything(self, sampler: Sampler) -> None:
        assert len(sampler.next(LabellingState(open_rows=_ROWS), 5, seed=1).rows) == 5
        assert len(sampler.next(labelling_state(candidates=0), 5, seed=1).rows) == 5
        assert len(sampler.next(labelling_state(labelled=0), 5, seed=1).rows) == 5

    def test_6_it_works_with_labels_of_one_class(self, sampler: Sampler) -> None:
        state = labelling_state(labelled=25)
        one_class = replace(state, labels=dict.fromkeys(state.labels, Label.PASS))
        assert len(sampler.next(one_class, 3, seed=1).rows) == 3

    def test_7_picking_goes_on_until_every_row_is_labelled(self, sampler: Sampler) -> None:
        state = labelling_state(labelled=0)
        while picked := sampler.next(state, 4, seed=2).rows:
            state = state.with_labels({row: Label.FAIL if row[-1] in "258" else Label.PASS for row in picked})
        assert state.labels.keys() == set(_ROWS)

    def test_8_a_way_by_chance_is_one_in_which_no_verdict_had_a_say(self, sampler: Sampler) -> None:
        for labelled in (0, 8, 25):
            state = labelling_state(labelled=labelled)
            picks = sampler.next(state, 4, seed=1)
            assert picks.picked_by in {sampler.name, "random"}
            assert 0 < len(picks.picked_by) <= 16
            if may_measure(picks.picked_by):
                assert sampler.next(replace(state, outcomes={}), 4, seed=1) == picks

    def test_9_it_refuses_to_pick_none(self, sampler: Sampler) -> None:
        with pytest.raises(InvalidInput, match="n must be 1 or more, got 0"):
            sampler.next(labelling_state(), 0, seed=1)

from dataclasses import replace
from math import log

import numpy as np
import pytest

from optimizers.errors import InvalidInput
from optimizers.sampling import (
    DEFAULT_SAMPLER,
    SAMPLERS,
    DisagreementOrder,
    EvalGenOrder,
    LabellingState,
    LearningOrder,
    NearThreshold,
    Picks,
    RandomOrder,
    sampler_named,
)
from optimizers.sampling.plain import selectivity_score, vote_entropy
from optimizers.splits import may_measure
from optimizers.types import Label, Outcome, Verdict

P, F = Label.PASS, Label.FAIL


def state(columns: dict[str, str], **more: object) -> LabellingState:
    """Rows a, b, c, ... with a column of verdicts (F, P, or a blank) for each candidate."""
    letters = {"F": F, "P": P}
    outcomes: dict[str, dict[str, Outcome]] = {
        name: {chr(97 + i): Verdict(label=letters[v]) for i, v in enumerate(column) if v != " "}
        for name, column in columns.items()
    }
    rows = [chr(97 + i) for i in range(max(map(len, columns.values())))]
    return LabellingState(open_rows=rows, outcomes=outcomes, **more)  # type: ignore[arg-type]


def test_a_failure_by_a_rarely_failing_assertion_weighs_more() -> None:
    # `often` passes 1 of 5 rows, `rare` 4 of 5: row a .2 + .8, rows b to d .2, row e 0
    found = selectivity_score(state({"often": "FFFFP", "rare": "FPPPP"}))
    assert found == pytest.approx([1.0, 0.2, 0.2, 0.2, 0.0])


def test_evalgen_takes_the_top_and_the_bottom_in_turns() -> None:
    known = state({"x": "FFFPP", "y": "FFPPP", "z": "FPPPP"})
    picked = EvalGenOrder().next(known, 4, seed=0).rows
    assert (picked[0], picked[2]) == ("a", "b")
    assert set(picked[1::2]) == {"d", "e"}
    after_one = known.with_labels({"a": F})
    assert EvalGenOrder().next(after_one, 2, seed=0).rows[1] == "b"


def test_entropy_is_greatest_where_the_votes_are_even() -> None:
    known = state({"x": "FFP", "y": "FPP", "z": "F P", "w": "FPP"})
    # a: all fail; b: one of three fails; c: none
    expected = -(1 / 3) * log(1 / 3) - (2 / 3) * log(2 / 3)
    assert vote_entropy(known) == pytest.approx([0, expected, 0], abs=1e-9)
    assert DisagreementOrder().next(known, 1, seed=0).rows == ("b",)


def test_rows_near_the_threshold_come_first() -> None:
    said: dict[str, Outcome] = {
        row: Verdict(label=F, fail_probability=p) for row, p in (("a", 0.1), ("b", 0.35), ("c", 0.9))
    }
    known = LabellingState(open_rows=["a", "b", "c", "d"], outcomes={"judge": said})
    picks = NearThreshold(candidate="judge", threshold=0.3).next(known, 4, seed=0)
    assert picks == Picks(rows=("b", "a", "c", "d"), picked_by="near_threshold")
    with pytest.raises(InvalidInput, match=r"threshold must be in \[0, 1\], got 2"):
        NearThreshold(candidate="judge", threshold=2)


def test_learning_goes_by_chance_first_and_then_asks_where_it_is_unsure() -> None:
    # `good` is right on all labelled rows, `noise` on half of them; of the open rows it is unsure of one.
    labelled = {f"l{i:02d}": F if i % 2 else P for i in range(20)}
    odds = {"x sure": (0.95, 0.95), "y pass": (0.05, 0.05), "z torn": (0.5, 0.6)}
    right = {F: Verdict(label=F, fail_probability=0.9), P: Verdict(label=P, fail_probability=0.1)}
    good: dict[str, Outcome] = {row: right[label] for row, label in labelled.items()}
    noise: dict[str, Outcome] = {
        row: Verdict(label=P, fail_probability=0.2 + 0.05 * (i % 4)) for i, row in enumerate(labelled)
    }
    for row, (first, second) in odds.items():
        good[row] = Verdict(label=F if first > 0.5 else P, fail_probability=first)
        noise[row] = Verdict(label=F if second > 0.5 else P, fail_probability=second)
    known = LabellingState(open_rows=list(odds), labels=labelled, outcomes={"good": good, "noise": noise})
    picks = LearningOrder(begin_with=20).next(known, 1, seed=0)
    assert picks == Picks(rows=("z torn",), picked_by="learning")
    by_chance = RandomOrder().next(known, 1, seed=0)
    assert LearningOrder(begin_with=21).next(known, 1, seed=0) == by_chance
    assert by_chance.picked_by == "random"


def test_learning_leaves_rows_that_nobody_has_judged_for_the_end() -> None:
    columns = {"x": "FP" * 12, "y": "FP" * 11 + "FF"}
    known = state(columns).with_labels({chr(97 + i): F if i % 2 == 0 else P for i in range(20)})
    waiting = replace(known, open_rows=[*known.open_rows, "zz"])
    assert LearningOrder(begin_with=20).next(waiting, 5, seed=0).rows[-1] == "zz"


def test_a_group_comes_again_only_when_all_have_been_taken() -> None:
    known = state({"x": "FFPP", "y": "FFPP", "z": "FFPF"}, groups={"a": "g", "b": "g", "c": "h", "d": "i"})
    ranked = DisagreementOrder().next(known, 4, seed=0).rows
    assert {*ranked[:3]} in ({"a", "c", "d"}, {"b", "c", "d"})


def test_random_order_gives_each_row_the_same_chance() -> None:
    known = LabellingState(open_rows=list("abcd"))
    first = [RandomOrder().next(known, 1, seed=seed).rows[0] for seed in range(400)]
    # 100 each, with a standard deviation of 8.7
    assert all(60 <= first.count(row) <= 140 for row in "abcd")


def test_only_what_was_picked_by_chance_may_measure() -> None:
    assert [name for name in SAMPLERS if may_measure(name)] == ["random"]


def test_a_sampler_is_found_by_its_name() -> None:
    assert sampler_named(DEFAULT_SAMPLER).name == DEFAULT_SAMPLER
    with pytest.raises(InvalidInput, match="sampler must be one of learning, random"):
        sampler_named("best")


def test_labels_that_come_keep_what_was_computed() -> None:
    known = state({"x": "FFP"})
    said = known.log_odds
    assert known.with_labels({"a": F}).log_odds is said
    assert np.array_equal(known.with_labels({"new": F}).log_odds[:3], said)

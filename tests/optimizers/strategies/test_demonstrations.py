import numpy as np

from optimizers.protocols import Problem
from optimizers.strategies.demonstrations import Pool, balanced, eligible, rationalisation
from optimizers.types import Candidate, Demonstration, Example, Label, LabelledExample

LONG = "A reply that is long enough for its twin to be a copy."


def row(
    row_id: str,
    given: str = "",
    output: str = "",
    *,
    group: str | None = None,
    label: Label = Label.PASS,
    critique: str | None = None,
) -> LabelledExample:
    example = Example(id=row_id, input=given or f"in {row_id}", output=output or f"out {row_id}", group=group)
    return LabelledExample(example=example, label=label, critique=critique)


def problem(train: list[LabelledExample], dev: list[LabelledExample]) -> Problem:
    return Problem(criterion="Good.", train=tuple(train), dev=tuple(dev), baseline=Candidate(), seed=0)


def eligible_ids(train: list[LabelledExample], dev: list[LabelledExample]) -> list[str]:
    return [r.id for r in eligible(problem(train, dev))]


def test_a_row_of_a_group_that_dev_holds_is_not_shown() -> None:
    assert eligible_ids([row("a", group="g"), row("b", group="h")], [row("z", group="g")]) == ["b"]


def test_a_row_with_an_input_that_dev_holds_is_not_shown_whatever_its_group() -> None:
    train = [row("a", "Same  question", group="g"), row("b", "Another")]
    assert eligible_ids(train, [row("z", "same question", group="h")]) == ["b"]


def test_a_question_that_all_rows_answer_ties_none_of_them() -> None:
    train = [row(f"a{n}", "Is this sentence acceptable?", group=f"a{n}") for n in range(8)]
    dev = [row(f"z{n}", "Is this sentence acceptable?", group=f"z{n}") for n in range(8)]
    assert eligible_ids(train, dev) == [r.id for r in train]
    assert eligible_ids([row("b", group="z0"), *train], dev) == [r.id for r in train]


def test_a_long_output_that_dev_holds_is_not_shown() -> None:
    assert eligible_ids([row("a", output=LONG.upper()), row("b")], [row("z", output=LONG)]) == ["b"]


def test_a_short_output_ties_nothing() -> None:
    assert eligible_ids([row("a", output="Yes.")], [row("z", output="Yes.")]) == ["a"]


def test_an_empty_input_ties_nothing() -> None:
    train = [LabelledExample(example=Example(id="a", input="", output="x"), label=Label.PASS)]
    dev = [LabelledExample(example=Example(id="z", input="", output="y"), label=Label.PASS)]
    assert eligible_ids(train, dev) == ["a"]


def mixed() -> list[LabelledExample]:
    fails = [row(f"f{i}", label=Label.FAIL, critique="bad" if i in {3, 5} else None) for i in range(8)]
    return [*fails, *(row(f"p{i}") for i in range(30))]


def test_a_sample_holds_as_many_of_each_class() -> None:
    picked = balanced(mixed(), 10, np.random.default_rng(0))
    assert [r.label for r in picked].count(Label.FAIL) == 5
    assert len({r.id for r in picked}) == 10


def test_rows_with_a_critique_come_first() -> None:
    assert {r.id for r in balanced(mixed(), 4, np.random.default_rng(0))} >= {"f3", "f5"}


def test_the_next_turn_takes_other_rows() -> None:
    first, second = (balanced(mixed(), 8, np.random.default_rng(0), turn) for turn in (0, 1))
    assert not {r.id for r in first} & {r.id for r in second}


def test_a_class_that_runs_out_starts_over() -> None:
    picked = balanced(mixed(), 12, np.random.default_rng(0), 3)
    assert len({r.id for r in picked}) == 12


def demo(demo_id: str, label: Label) -> Demonstration:
    return Demonstration(example_id=demo_id, input="in", output="out", label=label)


def pool() -> Pool:
    return Pool(
        hard={label: tuple(demo(f"hard {label} {i}", label) for i in range(2)) for label in Label},
        easy={label: tuple(demo(f"easy {label} {i}", label) for i in range(4)) for label in Label},
    )


def test_a_set_holds_its_quota_of_each_class_in_turn() -> None:
    labels = [d.label for d in pool().draw(3, np.random.default_rng(0), hard_first=False)]
    assert labels == [Label.PASS, Label.FAIL] * 3


def test_hard_rows_come_first_where_they_should() -> None:
    drawn = pool().draw(2, np.random.default_rng(0), hard_first=True)
    assert all(d.example_id.startswith("hard") for d in drawn)


def test_a_larger_set_of_one_draw_contains_the_smaller() -> None:
    small, large = (pool().draw(n, np.random.default_rng(7), hard_first=False) for n in (2, 3))
    assert large[: len(small)] == small


def test_a_pool_can_fill_the_quota_of_its_scarcer_class() -> None:
    scarce = Pool(
        hard={Label.PASS: (), Label.FAIL: ()}, easy={Label.PASS: pool().easy[Label.PASS], Label.FAIL: ()}
    )
    assert (pool().per_class, scarce.per_class) == (6, 0)


def test_a_rationale_is_asked_for_with_the_decision_and_the_critique() -> None:
    _, question = rationalisation("Be kind.", row("a", label=Label.FAIL, critique="It is rude."))
    assert all(part in question.content for part in ("Be kind.", '"fail"', "It is rude.", "out a"))

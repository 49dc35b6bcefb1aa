from optimizers.doubt import CriterionChange, GradedRow, Ground, doubtful_labels
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL


def row(name: str, label: Label, at: float = 1.0, critique: str | None = None) -> GradedRow:
    return GradedRow(example_id=name, label=label, labelled_at=at, critique=critique)


def change(
    before: dict[str, Label | None] | None = None,
    after: dict[str, Label | None] | None = None,
    otherwise: tuple[str, ...] = (),
) -> CriterionChange:
    return CriterionChange(
        old="The reply names a price.",
        new="The reply names a price and the delivery date.",
        at=10.0,
        before=before or {},
        after=after or {},
        otherwise_failed=otherwise,
    )


def test_a_verdict_that_now_contradicts_the_label_comes_first() -> None:
    same: dict[str, Label | None] = {"flipped": P, "same": P}
    found = doubtful_labels(
        change(before=same, after={"flipped": F, "same": P}),
        [row("same", P), row("flipped", P), row("unknown", P)],
    )
    assert [one.example_id for one in found] == ["flipped", "unknown"]
    assert found[0].grounds == (Ground.CONTRADICTED,)
    assert found[1].grounds == (Ground.EARLIER,)


def test_labels_given_after_the_change_are_not_in_doubt() -> None:
    verdicts: tuple[dict[str, Label | None], dict[str, Label | None]] = ({"new": P}, {"new": F})
    assert doubtful_labels(change(*verdicts), [row("new", P, at=10.0)]) == ()


def test_a_verdict_that_moves_towards_the_label_is_no_ground() -> None:
    assert doubtful_labels(change({"a": P}, {"a": F}), [row("a", F)]) == ()


def test_a_fail_that_another_criterion_explains_is_weaker() -> None:
    verdicts: tuple[dict[str, Label | None], dict[str, Label | None]] = (
        {"alone": F, "other": F},
        {"alone": P, "other": P},
    )
    found = doubtful_labels(change(*verdicts, otherwise=("other",)), [row("other", F), row("alone", F)])
    assert [(one.example_id, one.grounds[0]) for one in found] == [
        ("alone", Ground.CONTRADICTED),
        ("other", Ground.FLIPPED),
    ]


def test_a_critique_that_speaks_of_what_changed_shows_the_words() -> None:
    found = doubtful_labels(
        change(),
        [
            row("price", F, critique="The price is in another currency."),
            row("date", F, critique="No delivery date, again."),
        ],
    )
    assert found[0].example_id == "date"
    assert found[0].grounds == (Ground.CRITIQUE, Ground.EARLIER)
    assert found[0].words == ("date", "delivery")
    assert found[1].grounds == (Ground.EARLIER,)


def test_a_row_without_a_verdict_on_one_side_was_not_compared() -> None:
    found = doubtful_labels(change({"a": P}, {"a": None}), [row("a", P)])
    assert found[0].grounds == (Ground.EARLIER,)


def test_an_unchanged_text_speaks_to_no_critique() -> None:
    same = CriterionChange(old="Names a price.", new="Names a price.", at=10.0, before={}, after={})
    assert doubtful_labels(same, [row("a", F, critique="price")])[0].grounds == (Ground.EARLIER,)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [row(f"r{i}", F, critique="delivery" if i % 2 else "tone") for i in range(6)]
    assert doubtful_labels(change(), rows) == doubtful_labels(change(), rows[::-1])

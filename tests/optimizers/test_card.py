import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.card import Support, any_fail, card, report_card, together
from optimizers.criteria.measures import measures
from optimizers.kappa import confusion
from optimizers.shares import wilson
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL
judged = st.sampled_from([P, F, None])


def coded(text: str) -> dict[str, Label | None]:
    """`F`, `P` and `-` of rows r0, r1, ...; a blank leaves the row out."""
    letters = {"F": F, "P": P, "-": None}
    return {f"r{i}": letters[letter] for i, letter in enumerate(text) if letter != " "}


def labels(text: str) -> dict[str, Label]:
    return {row: label for row, label in coded(text).items() if label is not None}


def alone(n: int) -> dict[str, str]:
    return {f"r{i}": f"g{i}" for i in range(n)}


def test_a_card_by_hand() -> None:
    # Ten bad rows, six caught and one unanswered; ten good ones, two failed.
    truth, said = labels("F" * 10 + "P" * 10), coded("FFFFFFPPP-" + "FFPPPPPPPP")
    found = card(truth, said, alone(20), draws=200)
    assert (found.n, found.bad) == (20, 10)
    assert found.coverage == wilson(6, 10)
    assert found.false_failure_rate == wilson(2, 10)
    assert found.alignment.value == pytest.approx(2 * 0.6 * 0.8 / 1.4)
    # Observed 14/20; by chance (10 * 8 + 10 * 11) / 400 = .475
    assert found.kappa.value == pytest.approx((0.7 - 0.475) / 0.525)
    assert found.rows.caught == tuple(f"r{i}" for i in range(6))
    assert found.rows.missed == ("r6", "r7", "r8")
    assert found.rows.wrongly_failed == ("r10", "r11")
    assert found.rows.unanswered == ("r9",)
    assert found.alignment.low is not None
    assert found.alignment.high is not None
    assert found.alignment.low < 0.685 < found.alignment.high


def test_rows_without_a_verdict_yet_are_named_and_not_counted() -> None:
    found = card(labels("FPFP"), coded("FP  "), alone(4), draws=20)
    assert found.n == 2
    assert found.rows.pending == ("r2", "r3")


def test_the_bootstrap_draws_groups() -> None:
    truth, said = labels("FP" * 40), coded("FPPF" * 20)
    apart = card(truth, said, alone(80), draws=400).alignment
    tied = card(truth, said, {f"r{i}": f"g{i // 20}" for i in range(80)}, draws=400).alignment
    assert apart.low is not None
    assert tied.low == tied.value  # each group of twenty is the same
    assert apart.low < 0.5


@pytest.mark.parametrize(
    ("truth", "said", "support"),
    [
        ("F" * 10 + "P" * 10, "F" * 8 + "P" * 12, Support.SUPPORTED),
        ("F" * 4 + "P" * 10, "F" * 4 + "P" * 10, Support.TOO_FEW_FAILS),
        ("F" * 10 + "P" * 4, "F" * 10 + "P" * 4, Support.TOO_FEW_PASSES),
        ("F" * 10 + "P" * 10, "P" * 20, Support.CATCHES_NOTHING),
        ("F" * 10 + "P" * 10, "FF" + "P" * 8 + "F" + "P" * 9, Support.NOT_SHOWN),
        ("F" * 10 + "P" * 10, "P" * 10 + "F" * 10, Support.CONTRADICTED),
    ],
)
def test_what_labels_say_of_a_criterion(truth: str, said: str, support: Support) -> None:
    assert card(labels(truth), coded(said), alone(20), draws=10).support is support


def test_a_set_fails_a_row_where_any_member_does() -> None:
    assert any_fail([P, F, None]) is F
    assert any_fail([P, None]) is None
    assert any_fail([P, P]) is P


def test_a_sets_verdict_waits_for_all_members_unless_one_fails() -> None:
    assert together({"a": coded("FPPP"), "b": coded("  P-")}) == {"r0": F, "r2": P, "r3": None}


def test_the_report_card_names_criteria_that_nobodys_labels_support() -> None:
    truth = labels("F" * 10 + "P" * 10)
    found = report_card(
        truth,
        {"real": coded("F" * 9 + "P" * 11), "idle": coded("P" * 20), "own": coded("P" * 10 + "F" * 10)},
        alone(20),
        own_labels={"own": labels("P" * 10 + "F" * 10)},
        draws=20,
    )
    assert found.unsupported == ("idle",)
    assert found.whole.coverage.value == 0.9
    assert found.whole.false_failure_rate.value == 1
    own = found.criteria[2].own
    assert own is not None
    assert own.support is Support.SUPPORTED


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([P, F]), judged), min_size=1, max_size=30))
def test_values_are_those_of_the_whole_table(rows: list[tuple[Label, Label | None]]) -> None:
    truth = {f"r{i}": label for i, (label, _) in enumerate(rows)}
    said = {f"r{i}": verdict for i, (_, verdict) in enumerate(rows)}
    found = card(truth, said, alone(30), draws=5)
    table = confusion(*zip(*rows, strict=True)) if rows else confusion([], [])
    assert found.alignment.value == measures(table).alignment
    assert found.kappa.value == measures(table).kappa
    counted = found.rows
    assert len(counted.caught) + len(counted.missed) + len(counted.wrongly_failed) + len(
        counted.rightly_passed
    ) + len(counted.unanswered) == len(rows)

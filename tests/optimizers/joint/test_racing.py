from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.joint.racing import duel, halve, projected_kappa, stratified_order
from optimizers.kappa import cohen_kappa, confusion
from optimizers.testing.lab import Lab, Table
from optimizers.testing.world import KINDS
from optimizers.types import Candidate, Evaluation, Failure, FailureKind, Label, Outcome, Verdict
from tests.optimizers.joint.conftest import WORLD, row

KNOWING = tuple(Candidate(instruction=f"Fail a reply with {' or '.join(KINDS[:n])}.") for n in (1, 2, 3, 4))
"""Judges that know more and more kinds of defect; the first knows what any judge knows."""

# --- projection -------------------------------------------------------------------------------------

verdicts = st.sampled_from([Label.PASS, Label.FAIL, None])
cells = st.lists(st.tuples(st.sampled_from(list(Label)), verdicts, verdicts), min_size=1, max_size=30)


def evaluation(judged: list[Label | None]) -> Evaluation:
    lost = Failure(kind=FailureKind.UNPARSEABLE, message="no JSON")
    outcomes: dict[str, Outcome] = {
        str(n): lost if label is None else Verdict(label=label) for n, label in enumerate(judged)
    }
    return Evaluation(candidate_id="x", outcomes=outcomes)


@given(cells, st.sampled_from([0.0, 1.0]))
def test_where_all_rows_are_seen_the_projection_is_kappa(
    cells: list[tuple[Label, Label | None, Label | None]], sigmas: float
) -> None:
    ours, theirs = [own for _, own, _ in cells], [their for _, _, their in cells]
    rows = [row(str(n), label=label) for n, (label, _, _) in enumerate(cells)]
    exact = cohen_kappa(confusion([each.label for each in rows], ours))
    found = projected_kappa(evaluation(ours), evaluation(theirs), rows, sigmas=sigmas)
    assert found == pytest.approx(-1.0 if exact is None else exact, abs=1e-3)


def test_what_was_not_seen_is_as_what_was_seen_beside_it() -> None:
    # Four bad rows that the reference passes, of which the judge has failed one of two: as if two of four.
    # Four good rows that it passes, none seen: the reference's verdicts stand.
    rows = [row(str(n), label=Label.FAIL if n < 4 else Label.PASS) for n in range(8)]
    seen = Evaluation(
        candidate_id="x", outcomes={"0": Verdict(label=Label.FAIL), "1": Verdict(label=Label.PASS)}
    )
    whole = [Label.FAIL] * 2 + [Label.PASS] * 6
    exact = cohen_kappa(confusion([each.label for each in rows], whole))
    assert exact is not None
    assert projected_kappa(seen, evaluation([Label.PASS] * 8), rows) == pytest.approx(exact, abs=1e-3)


def test_the_benefit_of_the_doubt_never_lowers_a_projection() -> None:
    rows = [row(str(n), label=Label.FAIL if n % 2 else Label.PASS) for n in range(20)]
    seen = Evaluation(candidate_id="x", outcomes={str(n): Verdict(label=Label.PASS) for n in range(10)})
    reference = evaluation([Label.PASS] * 20)
    plain, hoped = (projected_kappa(seen, reference, rows, sigmas=sigmas) for sigmas in (0.0, 1.0))
    assert hoped > plain


# --- a field ----------------------------------------------------------------------------------------


def test_a_beginning_of_the_order_holds_its_share_of_each_class(table: Table) -> None:
    reference = table.bench.measure(Candidate()).evaluation
    order = stratified_order(table.bench, reference)
    assert sorted(each.id for each in order) == sorted(each.id for each in table.bench.problem.dev)
    for part in (8, 20, 32):
        fails = sum(each.label is Label.FAIL for each in order[:part])
        assert abs(fails - part / 2) <= 2


def test_halving_keeps_the_better_half_the_best_first(table: Table) -> None:
    reference = table.bench.measure(Candidate()).evaluation
    assert halve(table.bench, KNOWING, reference, (0.5,)) == [KNOWING[3], KNOWING[2]]
    assert halve(table.bench, KNOWING, reference, (0.5, 0.6)) == [KNOWING[3]]


def test_halving_judges_a_part_of_dev_alone(table: Table) -> None:
    reference = table.bench.measure(Candidate()).evaluation
    before = table.model.calls
    halve(table.bench, KNOWING, reference, (0.5,))
    assert table.model.calls - before == len(KNOWING) * len(table.bench.problem.dev) // 2


def test_entrants_leave_unseen_where_a_look_would_cost_the_whole_trial(tmp_path: Path) -> None:
    dev = WORLD.dev
    with Lab(ledger=tmp_path / "ledger", world=WORLD).bench(calls=dev + 10) as table:
        reference = table.bench.measure(Candidate()).evaluation
        assert halve(table.bench, KNOWING, reference, (0.5,)) == list(KNOWING[:1])
        assert table.model.calls == dev


# --- a duel -----------------------------------------------------------------------------------------


def test_a_challenger_that_mends_nothing_is_dropped_after_the_rows_judged_wrongly(table: Table) -> None:
    bench = table.bench
    champion = bench.measure(Candidate())
    judged = champion.evaluation.judged([each.id for each in bench.problem.dev])
    wrong = sum(said is not each.label for said, each in zip(judged, bench.problem.dev, strict=True))
    assert wrong == 15  # of 20 bad rows the first of four kinds is known
    before = table.model.calls
    duel(bench, KNOWING[0], champion)
    assert table.model.calls - before == wrong


def test_a_challenger_that_is_better_judges_all_of_dev(table: Table) -> None:
    champion = table.bench.measure(KNOWING[1])
    duel(table.bench, KNOWING[3], champion)
    assert table.bench.missing(KNOWING[3]) == 0


def test_a_challenger_that_breaks_more_than_it_mends_does_not_see_all_of_dev(table: Table) -> None:
    strict = Candidate(instruction="Fail a reply with whatever or invoice or re or by.")
    champion = table.bench.measure(KNOWING[2])
    duel(table.bench, strict, champion)
    assert table.bench.known(strict).outcomes
    assert table.bench.missing(strict) > 0

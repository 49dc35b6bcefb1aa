import numpy as np
import pytest

from optimizers.suspects import LEAST_LABELS, suspect_labels
from optimizers.types import Failure, FailureKind, Label, Outcome, Verdict

P, F = Label.PASS, Label.FAIL
ROWS = [f"r{i:03d}" for i in range(120)]
TRUTH = {row: F if i % 3 == 0 else P for i, row in enumerate(ROWS)}
WRONG = ("r000", "r001", "r050", "r051")
ALONE = {row: row for row in ROWS}


def other(label: Label) -> Label:
    return P if label is F else F


def candidates(n: int, errors: float, *, seed: int = 0) -> dict[str, dict[str, Outcome]]:
    """Judges that err by chance on a share of the rows, and never on `WRONG`."""
    rng = np.random.default_rng(seed)

    def verdict(row: str) -> Verdict:
        errs = rng.random() < errors and row not in WRONG
        return Verdict(label=other(TRUTH[row]) if errs else TRUTH[row])

    return {f"c{k}": {row: verdict(row) for row in ROWS} for k in range(n)}


def agreeing(kappa: float, n: int) -> dict[str, float | None]:
    return dict.fromkeys([f"c{k}" for k in range(n)], kappa)


def labelled(wrong: tuple[str, ...] = WRONG) -> dict[str, Label]:
    return {row: other(label) if row in wrong else label for row, label in TRUTH.items()}


def test_labels_that_good_candidates_contradict_are_listed_with_who_says_so() -> None:
    kappas = {f"c{k}": 0.9 - k / 100 for k in range(6)}
    found = suspect_labels({"ana": labelled()}, candidates(6, 0.08), kappas, ALONE)
    assert {one.example_id for one in found.suspects[:4]} == set(WRONG)
    first = next(one for one in found.suspects if one.example_id == "r000")
    assert (first.annotator, first.label, first.asked) == ("ana", P, 6)
    assert [witness.candidate_id for witness in first.contradicted_by] == [f"c{k}" for k in range(6)]
    assert first.contradicted_by[0].kappa == 0.9
    assert first.quality < 0.5
    qualities = [one.quality for one in found.suspects]
    assert qualities == sorted(qualities)


def test_labels_that_nobody_contradicts_are_not_suspect() -> None:
    found = suspect_labels(
        {"ana": dict(TRUTH)}, candidates(4, 0.0), dict.fromkeys(["c0", "c1", "c2", "c3"], 1.0), ALONE
    )
    assert found.suspects == ()
    assert found.why_none is None
    assert found.looked_at == len(ROWS)


def test_candidates_with_little_agreement_do_not_testify() -> None:
    kappas = {"c0": 0.1, "c1": None, "c2": 0.8}
    found = suspect_labels({"ana": labelled()}, candidates(3, 0.05), kappas, ALONE)
    assert found.suspects == ()
    assert found.witnesses == ("c2",)
    assert found.why_none == "1 candidate(s) have kappa 0.2 or more; 2 are needed"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (ROWS[: LEAST_LABELS - 1], "49 labelled rows have verdicts; 50 are needed"),
        ([row for row in ROWS if TRUTH[row] is P], "one class has 0 labelled row(s); 10 are needed"),
    ],
)
def test_too_few_labels_say_so(rows: list[str], why: str) -> None:
    labels = {row: TRUTH[row] for row in rows}
    found = suspect_labels({"ana": labels}, candidates(3, 0.05), agreeing(0.8, 3), ALONE)
    assert found.why_none == why


def test_with_several_people_it_is_the_odd_one_out_whose_label_is_suspect() -> None:
    people = {"ana": labelled(), "ben": dict(TRUTH), "cem": dict(TRUTH)}
    kappas = agreeing(0.8, 4)
    found = suspect_labels(people, candidates(4, 0.08), kappas, ALONE)
    assert {(one.annotator, one.example_id) for one in found.suspects} == {("ana", row) for row in WRONG}
    assert found.suspects[0].others == ("ben", "cem")
    assert found.looked_at == 3 * len(ROWS)


def test_failures_are_no_votes() -> None:
    verdicts = candidates(5, 0.05)
    failure = Failure(kind=FailureKind.UNPARSEABLE, message="no verdict")
    verdicts["c0"] |= dict.fromkeys(WRONG, failure)
    found = suspect_labels({"ana": labelled()}, verdicts, agreeing(0.8, 5), ALONE)
    first = next(one for one in found.suspects if one.example_id == "r000")
    assert first.asked == 4
    assert [witness.candidate_id for witness in first.contradicted_by] == ["c1", "c2", "c3", "c4"]


def test_the_order_of_rows_and_candidates_does_not_matter() -> None:
    verdicts, labels = candidates(5, 0.1), labelled()
    kappas = agreeing(0.7, 5)
    turned = {name: dict(reversed(said.items())) for name, said in reversed(verdicts.items())}
    assert suspect_labels({"ana": labels}, verdicts, kappas, ALONE) == suspect_labels(
        {"ana": dict(reversed(labels.items()))}, turned, kappas, ALONE
    )


def test_a_group_is_not_judged_by_what_was_learned_from_it() -> None:
    # All rows of one class in one group: the regression that judges them has seen no such row.
    groups = {row: "all fails" if TRUTH[row] is F else row for row in ROWS}
    found = suspect_labels({"ana": dict(TRUTH)}, candidates(3, 0.0), agreeing(1.0, 3), groups)
    assert all(one.label is F for one in found.suspects)

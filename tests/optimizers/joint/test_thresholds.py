import numpy as np

from optimizers.joint.thresholds import worthwhile_threshold
from optimizers.types import Evaluation, Failure, FailureKind, Label, LabelledExample, Outcome, Verdict
from tests.optimizers.joint.conftest import row

ROWS = [row(f"r{n:03}", str(n), Label.FAIL if n % 2 else Label.PASS) for n in range(80)]


def evaluation(outcomes: dict[str, Outcome]) -> Evaluation:
    return Evaluation(candidate_id="x", outcomes=outcomes)


def lenient(each: LabelledExample, place: int) -> Verdict:
    """Passes everything, and gives what should fail a somewhat higher probability."""
    bad = each.label is Label.FAIL
    return Verdict(label=Label.PASS, fail_probability=(0.3 if bad else 0.1) + place * 0.001)


def test_a_threshold_that_holds_across_folds_is_taken() -> None:
    found = worthwhile_threshold(evaluation({each.id: lenient(each, n) for n, each in enumerate(ROWS)}), ROWS)
    assert found is not None
    # Good rows have 0.1 to 0.18, bad ones 0.3 to 0.38: whatever lies between parts them.
    assert 0.18 < found <= 0.301


def test_a_threshold_that_does_not_hold_across_folds_is_not_taken() -> None:
    # One in eight verdicts is wrong as written; the probabilities are chance, so that what fits some rows
    # does not fit others.
    chance = np.random.default_rng(0).random(len(ROWS))
    outcomes: dict[str, Outcome] = {
        each.id: Verdict(label=each.label if n % 8 else Label.PASS, fail_probability=float(chance[n]))
        for n, each in enumerate(ROWS)
    }
    assert worthwhile_threshold(evaluation(outcomes), ROWS) is None


def test_where_the_verdict_as_written_is_as_good_no_threshold_is_set() -> None:
    outcomes: dict[str, Outcome] = {
        each.id: Verdict(label=each.label, fail_probability=0.9 if each.label is Label.FAIL else 0.1)
        for each in ROWS
    }
    assert worthwhile_threshold(evaluation(outcomes), ROWS) is None


def test_without_probabilities_there_is_nothing_to_fit() -> None:
    written: dict[str, Outcome] = {each.id: Verdict(label=Label.PASS) for each in ROWS}
    assert worthwhile_threshold(evaluation(written), ROWS) is None
    lost: dict[str, Outcome] = {
        each.id: Failure(kind=FailureKind.UNPARSEABLE, message="no JSON") for each in ROWS
    }
    assert worthwhile_threshold(evaluation(lost), ROWS) is None

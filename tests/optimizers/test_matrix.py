from optimizers.matrix import VerdictMatrix, decided, prompt_id
from optimizers.types import Candidate, DecisionRule, Failure, FailureKind, Label, Verdict

PLAIN = Candidate(instruction="Judge.", probability=True)
STRICT = PLAIN.with_(decision=DecisionRule(threshold=0.3))
UNSURE = Verdict(label=Label.PASS, fail_probability=0.4)


def test_candidates_that_differ_by_a_threshold_share_their_prompt() -> None:
    assert prompt_id(PLAIN) == prompt_id(STRICT)
    assert prompt_id(PLAIN) != prompt_id(PLAIN.with_(instruction="Judge well."))


def test_a_threshold_reads_the_outcomes_that_are_there() -> None:
    matrix = VerdictMatrix()
    matrix.add(PLAIN, {"a": UNSURE})
    assert matrix.missing(STRICT, ["a"]) == ()
    found = matrix.outcomes(STRICT, ["a"])["a"]
    assert isinstance(found, Verdict)
    assert found.label is Label.FAIL


def test_a_probability_at_the_threshold_fails() -> None:
    found = decided(UNSURE, DecisionRule(threshold=0.4))
    assert isinstance(found, Verdict)
    assert found.label is Label.FAIL


def test_a_threshold_without_a_probability_gives_no_verdict() -> None:
    found = decided(Verdict(label=Label.PASS), DecisionRule(threshold=0.5))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNPARSEABLE


def test_a_failure_stays_what_it_is() -> None:
    failure = Failure(kind=FailureKind.REFUSED, message="no")
    assert decided(failure, DecisionRule(threshold=0.5)) is failure


def test_missing_cells_are_named_once_in_the_order_asked() -> None:
    matrix = VerdictMatrix()
    matrix.add(PLAIN, {"b": UNSURE})
    assert matrix.missing(PLAIN, ["c", "b", "a", "c"]) == ("c", "a")


def test_known_outcomes_stand_in_the_order_asked() -> None:
    matrix = VerdictMatrix()
    matrix.add(PLAIN, {"a": UNSURE, "b": UNSURE})
    assert list(matrix.outcomes(PLAIN, ["b", "x", "a"])) == ["b", "a"]

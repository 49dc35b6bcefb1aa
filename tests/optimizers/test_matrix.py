from optimizers.matrix import VerdictMatrix
from optimizers.reading import decided
from optimizers.types import DecisionRule, Failure, FailureKind, Label, Verdict

PROMPT = "a prompt"
PLAIN, STRICT = DecisionRule(), DecisionRule(threshold=0.3)
UNSURE = Verdict(label=Label.PASS, fail_probability=0.4)


def test_a_threshold_reads_the_outcomes_that_are_there() -> None:
    matrix = VerdictMatrix()
    matrix.add(PROMPT, {"a": UNSURE})
    assert matrix.missing(PROMPT, ["a"]) == ()
    found = matrix.outcomes(PROMPT, ["a"], STRICT)["a"]
    assert isinstance(found, Verdict)
    assert found.label is Label.FAIL


def test_another_prompt_knows_nothing_of_it() -> None:
    matrix = VerdictMatrix()
    matrix.add(PROMPT, {"a": UNSURE})
    assert matrix.outcomes("another prompt", ["a"], PLAIN) == {}


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
    matrix.add(PROMPT, {"b": UNSURE})
    assert matrix.missing(PROMPT, ["c", "b", "a", "c"]) == ("c", "a")


def test_known_outcomes_stand_in_the_order_asked() -> None:
    matrix = VerdictMatrix()
    matrix.add(PROMPT, {"a": UNSURE, "b": UNSURE})
    assert list(matrix.outcomes(PROMPT, ["b", "x", "a"], PLAIN)) == ["b", "a"]

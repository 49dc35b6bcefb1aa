import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.errors import InvalidInput
from optimizers.reading import ResponseFormat
from optimizers.reading import read_answer as read
from optimizers.template import AS_WRITTEN, answer_format
from optimizers.types import DecisionRule, Failure, FailureKind, Label, ModelAnswer, Verdict

FORMAT = answer_format(reasoning=True, probability=True)


def label(text: str, response: ResponseFormat = FORMAT, finish_reason: str = "stop") -> Label | None:
    outcome = read(response, ModelAnswer(text=text, finish_reason=finish_reason), AS_WRITTEN)
    return outcome.label if isinstance(outcome, Verdict) else None


def failure(
    answer: ModelAnswer, response: ResponseFormat = FORMAT, rule: DecisionRule = AS_WRITTEN
) -> Failure:
    outcome = read(response, answer, rule)
    assert isinstance(outcome, Failure)
    return outcome


@pytest.mark.parametrize(
    "text",
    [
        '{"rationale": "ok", "verdict": "fail"}',
        '```json\n{"verdict": "FAIL"}\n```',
        'Here you are: {"verdict": " Fail. "} Anything else?',
        '{"rationale": "line\nbreak", "verdict": "fail"}',
        '{"rationale": "a "quoted" word", "verdict": "fail"}',
        "{'rationale': 'single quotes', 'verdict': 'fail'}",
        '{"rationale": "trailing comma", "verdict": "fail",}',
        '{"rationale": "no brace", "verdict": "fail"',
        '{"rationale": "braces {x} inside", "verdict": "fail"}',
        "Verdict: **FAIL**",
        "**Verdict:** fail",
        '<think>{"verdict": "pass"}?</think>{"verdict": "fail"}',
        'no opening {"verdict": "pass"}</think>\n{"verdict": "fail"}',
        '[{"verdict": "fail"}]',
        '{"result": {"verdict": "fail"}}',
        'Answer with {"verdict": "<one word>"}: {"verdict": "fail"}',
        '{"verdict": "fail"}\n{"verdict": "fail"}',
        '{"verdict": "fail", "verdict": "fail"}',
    ],
)
def test_a_verdict_is_read_where_it_is_plain(text: str) -> None:
    assert label(text) is Label.FAIL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "I would rather not say.",
        '{"rationale": "no verdict"}',
        '{"verdict": null}',
        '{"verdict": true}',
        '{"verdict": 1}',
        '{"verdict": ["pass"]}',
        '{"verdict": "passable"}',
        '{"verdict": "pass or fail"}',
        '{"verdict": "pass", "verdict": "fail"}',
        '{"verdict": "pass"} {"verdict": "fail"}',
        "verdict: pass or fail",
        "verdict: pass/fail",
        "verdict: pass. No, verdict: fail.",
        "the failing verdict",
        "<think>still thinking about the verdict: pass",
    ],
)
def test_what_could_be_read_two_ways_or_none_is_no_verdict(text: str) -> None:
    assert label(text) is None


@given(st.text() | st.text('{}[]":, \nverdictpassfail'))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert label(text) in {None, Label.PASS, Label.FAIL}


@given(rationale=st.text(), verdict=st.sampled_from(Label), probability=st.floats(0, 1))
def test_what_is_written_as_asked_is_read_back(rationale: str, verdict: Label, probability: float) -> None:
    text = json.dumps({"rationale": rationale, "verdict": verdict, "fail_probability": probability})
    outcome = read(FORMAT, ModelAnswer(text=text), AS_WRITTEN)
    assert outcome == Verdict(label=verdict, rationale=rationale, fail_probability=probability)


def test_an_answer_that_was_cut_off_counts_only_if_it_was_complete() -> None:
    assert label('{"verdict": "fail"} and then', finish_reason="length") is Label.FAIL
    cut = ModelAnswer(text='{"rationale": "...", "verdict": "fail"', finish_reason="length")
    assert failure(cut).kind is FailureKind.UNPARSEABLE
    assert "cut off" in failure(cut).message


@pytest.mark.parametrize(
    "answer",
    [
        ModelAnswer(text="", rejected="too long"),
        ModelAnswer(text="I'm sorry", finish_reason="refusal"),
        ModelAnswer(text='{"verdict": "pass"}', finish_reason="content_filter"),
    ],
)
def test_refusals_are_refusals(answer: ModelAnswer) -> None:
    assert failure(answer).kind is FailureKind.REFUSED


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("0.25", 0.25), ('"0.25"', 0.25), ("1", 1.0), ("0", 0.0)],
)
def test_a_probability_is_a_number_also_as_text(written: str, read_as: float) -> None:
    text = f'{{"verdict": "pass", "fail_probability": {written}}}'
    outcome = read(FORMAT, ModelAnswer(text=text), AS_WRITTEN)
    assert isinstance(outcome, Verdict)
    assert outcome.fail_probability == read_as


@pytest.mark.parametrize(
    "written", ["1.2", "-0.1", "NaN", "true", "null", '"high"', "[0.5]", "1e999", "9" * 400]
)
def test_what_is_no_number_in_0_to_1_is_no_probability(written: str) -> None:
    text = f'{{"verdict": "pass", "fail_probability": {written}}}'
    outcome = read(FORMAT, ModelAnswer(text=text), AS_WRITTEN)
    assert isinstance(outcome, Verdict)
    assert outcome.fail_probability is None


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.29, Label.PASS), (0.3, Label.FAIL), (0.9, Label.FAIL)]
)
def test_a_threshold_decides_by_the_probability_alone(probability: float, expected: Label) -> None:
    text = json.dumps({"verdict": "pass", "fail_probability": probability})
    outcome = read(FORMAT, ModelAnswer(text=text), DecisionRule(threshold=0.3))
    assert isinstance(outcome, Verdict)
    assert outcome.label is expected


def test_a_threshold_without_a_probability_is_unparseable() -> None:
    answer = ModelAnswer(text='{"verdict": "pass", "fail_probability": 7}')
    assert failure(answer, rule=DecisionRule(threshold=0.3)).kind is FailureKind.UNPARSEABLE


def test_a_users_own_values_are_compared_without_regard_to_case() -> None:
    own = ResponseFormat(field="is_good", pass_value="true", fail_value="False")
    assert label('{"is_good": true}', own) is Label.PASS
    assert label('{"is_good": "FALSE"}', own) is Label.FAIL
    assert label('{"is_good": 1}', own) is None


def test_a_users_pattern_reads_its_first_group() -> None:
    own = ResponseFormat(pattern=r"Score: (good|bad)", pass_value="Good", fail_value="Bad")
    assert label("thus. Score: bad", own) is Label.FAIL
    assert label("thus. Score: none", own) is None


@pytest.mark.parametrize("pattern", ["(", "no group", "(?<n", "*"])
def test_a_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="pattern"):
        ResponseFormat(pattern=pattern)


@pytest.mark.parametrize(("good", "bad"), [("yes", "YES"), ("", "no"), ("ok.", "ok")])
def test_two_values_that_read_alike_are_refused(good: str, bad: str) -> None:
    with pytest.raises(InvalidInput, match="two different words"):
        ResponseFormat(pass_value=good, fail_value=bad)


@pytest.mark.parametrize(
    "text",
    [
        "{" * 200_000,
        '{"a":' * 50_000,
        '{"' * 50_000,
        "[" * 200_000,
        "verdict:" * 30_000,
        "verdict: " + " " * 200_000,
        '\\"' * 100_000,
        "{" + ",".join(f'"k{i % 5000}":{i}' for i in range(9_000)) + "}",
    ],
)
def test_hostile_answers_take_bounded_time(text: str) -> None:
    start = time.monotonic()
    assert label(text) is None
    assert time.monotonic() - start < 5


def test_a_pattern_that_runs_away_is_stopped() -> None:
    own = ResponseFormat(pattern=r"((?:a|aa|a?a)+)+$b", pass_value="a", fail_value="b")
    start = time.monotonic()
    assert failure(ModelAnswer(text="a" * 5_000 + "!"), own).kind is FailureKind.UNPARSEABLE
    assert time.monotonic() - start < 5

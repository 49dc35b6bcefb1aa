import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.artifact import Artifact, Rule, artifact_of, artifact_of_calls, evidence, from_json
from optimizers.artifact_judge import ArtifactJudge, judge_with
from optimizers.calls import Call, Check
from optimizers.errors import ArtifactInvalid, ProviderUnavailable
from optimizers.rendering import calls_of, render
from optimizers.types import (
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    DecisionRule,
    Decoding,
    Demonstration,
    Example,
    Failure,
    FailureKind,
    Label,
    Message,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    VerbatimPrompt,
    Verdict,
    canonical_json,
)

MODEL = ModelRef(name="openai/gpt", api_base="http://127.0.0.1:1/v1")
SHOWN = Demonstration(example_id="t1", input="Hi {{input}}", output="Go", label=Label.FAIL, rationale="rude")
CANDIDATE = Candidate(
    instruction="Judge {{output}}.",
    demonstrations=(SHOWN,),
    probability=True,
    decision=DecisionRule(threshold=0.35),
)
REPORT = {
    "conclusion": "improved",
    "test": {"best": {"kappa": {"value": 0.61234567, "n": 40.0}}, "per_judgement": {"latency_ms": 3}},
    "spend": {"calls": 10, "wall_s": 4.2},
}
DECODING = Decoding(
    stop=("END",), seed=7, response_format=canonical_json({"type": "json_object"}), logprobs=5
)


def artifact(candidate: Candidate = CANDIDATE, **changes: Any) -> Artifact:
    template = render(candidate, "Be kind.", DECODING)
    provenance = {"dataset": "d", "snapshot": "abc", "seed": 1}
    made = artifact_of(candidate, "Be kind.", template, MODEL, report=REPORT, provenance=provenance)
    return replace(made, **changes)


def test_a_file_is_read_back_as_it_was() -> None:
    made = artifact()
    again = from_json(made.to_json())
    assert (again.calls, again.candidate, again.rule, again.criterion) == (
        made.calls,
        made.candidate,
        made.rule,
        made.criterion,
    )
    assert again.to_json() == made.to_json()
    assert again.digest == made.digest


@settings(max_examples=60, deadline=None)
@given(text=st.text(), threshold=st.none() | st.floats(0, 1), reasoning=st.booleans(), rationale=st.text())
def test_any_candidate_survives_its_file(
    text: str, threshold: float | None, reasoning: bool, rationale: str
) -> None:
    shown = replace(SHOWN, input=text, rationale=rationale or None)
    rule = DecisionRule(threshold=threshold)
    candidate = replace(
        CANDIDATE, instruction=text, reasoning=reasoning, decision=rule, demonstrations=(shown,)
    )
    again = from_json(artifact(candidate).to_json())
    assert again.candidate == candidate
    assert again.calls == artifact(candidate).calls


def test_a_verbatim_judge_survives_its_file() -> None:
    messages = (Message(role="user", content="{{output}}?"),)
    prompt = VerbatimPrompt(messages=messages, pattern="(good|bad)", pass_value="good", fail_value="bad")
    made = artifact(Candidate(verbatim=prompt))
    assert from_json(made.to_json()).candidate == made.candidate
    assert from_json(made.to_json()).calls == made.calls


@pytest.mark.parametrize(
    "changes",
    [
        {"report": REPORT | {"spend": {"calls": 99}}},
        {"report": REPORT | {"test": {"best": {"kappa": {"value": 0.612345671, "n": 40}}}}},
        {"provenance": {"snapshot": "abc", "dataset": "copy", "run_id": "r2", "at": 5}},
        {
            "calls": (
                replace(artifact().call, model=ModelRef(name="openai/gpt", api_base="http://elsewhere")),
            )
        },
    ],
)
def test_spend_latency_ids_times_and_addresses_leave_the_digest(changes: dict[str, Any]) -> None:
    assert artifact(**changes).digest == artifact().digest


@pytest.mark.parametrize(
    "changes",
    [
        {"report": REPORT | {"conclusion": "worse"}},
        {"report": REPORT | {"test": {"best": {"kappa": {"value": 0.6124, "n": 40}}}}},
        {"provenance": {"snapshot": "other"}},
        {"criterion": "Be kinder."},
        {"calls": (replace(artifact().call, model=ModelRef(name="openai/other")),)},
        {"calls": (replace(artifact().call, decision=DecisionRule(threshold=0.4)),)},
    ],
)
def test_the_judge_the_split_and_the_evidence_change_the_digest(changes: dict[str, Any]) -> None:
    assert artifact(**changes).digest != artifact().digest


def test_a_file_that_another_language_wrote_keeps_its_digest() -> None:
    rewritten = json.loads(
        artifact().to_json(), parse_float=lambda t: int(float(t)) if float(t) % 1 == 0 else float(t)
    )
    assert from_json(json.dumps(rewritten, sort_keys=True)).digest == artifact().digest


def test_the_evidence_leaves_out_what_two_equal_runs_differ_in() -> None:
    assert evidence(REPORT) == {
        "conclusion": "improved",
        "test": {"best": {"kappa": {"value": 0.612346, "n": 40}}},
    }


def edited(path: str, value: object) -> str:
    document = json.loads(artifact().to_json())
    *parents, last = path.split(".")
    node = document
    for name in parents:
        node = node[int(name)] if name.isdigit() else node[name]
    node[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "NaN"),
        (edited("format", "other"), r"format must be 'concord.judge', got 'other'"),
        (edited("version", 2), r"version must be 1, the one that this Concord reads, got 2"),
        (edited("criterion", "Be cruel."), "digest does not fit the content"),
        (edited("calls.0.messages.0.content", "Say pass."), "digest does not fit the content"),
        (edited("digest", None), "digest must be a text, got None"),
        ("{}", "format must be 'concord.judge', got None"),
    ],
)
def test_what_is_not_a_judge_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(ArtifactInvalid, match=message):
        from_json(text)


def redigested(path: str, value: object) -> str:
    """An edited file with a digest that fits: what a careless tool would write."""
    broken = edited(path, value)
    try:
        from_json(broken)
    except ArtifactInvalid as error:
        stated = str(error).rpartition("it is ")[2]
    return json.dumps(json.loads(broken) | {"digest": stated})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("calls", [], "does not fit 0 calls"),
        ("calls.0.kind", "vote", r"calls\[0\].kind must be 'prompt' or 'check', got 'vote'"),
        ("calls.0.kind", "check", r"calls\[0\].expression must be a text, got nothing"),
        ("rule.weights", ["much"], "weights must be a list of numbers"),
        ("rule.weights", [1.0], "rule.bias must be a number, got nothing"),
        ("calls.0.messages", "x", r"calls\[0\].messages must be a list, got 'x'"),
        ("calls.0.messages.0.role", "tool", r"role must be system, user or assistant, got 'tool'"),
        ("calls.0.placeholders.output", "{{nowhere}}", "no message contains the placeholder"),
        ("calls.0.placeholders.output", "{{input_2}}", "placeholders must be two different texts"),
        ("calls.0.placeholders.input", "", "placeholders must be two different texts"),
        ("calls.0.response.pattern", "(", "pattern is not a regular expression"),
        ("calls.0.decision.threshold", 1.4, r"threshold must be in \[0, 1\], got 1.4"),
        ("calls.0.decoding.max_tokens", "9", "max_tokens must be a whole number, got '9'"),
        ("calls.0.decoding.stop", [1], "stop must be a list of texts"),
        ("rule.kind", "vote", "kind must be 'single' or 'any_fail' or 'learned', got 'vote'"),
        ("candidate.demonstrations.0.label", "good", "label must be 'pass' or 'fail', got 'good'"),
        ("candidate.reasoning", 1, "reasoning must be true or false, got 1"),
        ("report", None, "report must be an object, got None"),
    ],
)
def test_a_part_that_cannot_be_used_is_named(path: str, value: object, message: str) -> None:
    with pytest.raises(ArtifactInvalid, match=message):
        from_json(redigested(path, value))


def test_a_file_renders_the_same_messages_where_dspy_was_never_imported(tmp_path: object) -> None:
    made = artifact()
    row = {
        "id": "1",
        "input": "{{output}} [[ ## x ## ]]",
        "output": "<<CUSTOM-TYPE-START-IDENTIFIER>>\r\n\x00é",
    }
    script = (
        "import json, sys\n"
        "from optimizers.artifact import from_json\n"
        "from optimizers.types import Example\n"
        "import optimizers.export, optimizers.artifact_judge\n"
        "text, row = json.load(sys.stdin)\n"
        "messages = from_json(text).call.template.fill(Example(**row))\n"
        "assert not {'dspy', 'mlflow', 'litellm', 'optuna', 'fastapi'} & set(sys.modules)\n"
        "print(json.dumps([[m.role, m.content] for m in messages]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([made.to_json(), row]),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = render(CANDIDATE, "Be kind.").fill(Example(**row))
    assert json.loads(done.stdout) == [[m.role, m.content] for m in expected]


# --- judging ------------------------------------------------------------------------------------------


class Echo:
    """Answers with the verdict that stands in the last message after `say`."""

    def __init__(self) -> None:
        self.models: list[str] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        self.models.append(request.model.name)
        said = request.messages[-1].content.rpartition("say ")[2].split()[0]
        if said == "down":
            raise ProviderUnavailable("503")
        return ModelAnswer(text=f'{{"verdict": "{said}"}}')


def prompt(text: str) -> Call:
    candidate = Candidate(verbatim=VerbatimPrompt(messages=(Message(role="user", content=text),)))
    return Call(template=render(candidate, ""), model=MODEL)


def rows(*outputs: str) -> list[Example]:
    return [Example(id=str(i), input="", output=output) for i, output in enumerate(outputs)]


async def test_a_judge_from_a_file_judges_rows() -> None:
    made = artifact(Candidate(), calls=(prompt("{{output}}"),))
    lm = Echo()
    result = await judge_with(from_json(made.to_json()), rows("say fail", "say pass"), lm)
    assert result.judged(["0", "1"]) == (Label.FAIL, Label.PASS)
    assert result.candidate_id == Candidate().id


async def test_the_model_of_a_file_can_be_replaced() -> None:
    lm = Echo()
    await judge_with(
        Artifact(calls=(prompt("{{output}}"),)), rows("say fail"), lm, model=ModelRef(name="mine")
    )
    assert lm.models == ["mine"]


async def test_a_row_fails_if_any_call_fails_it_and_no_later_call_is_asked() -> None:
    calls = (prompt("{{output}} say pass"), prompt("{{output}}"), prompt("{{output}} say pass"))
    lm = Echo()
    judge = ArtifactJudge(artifact=Artifact(calls=calls, rule=Rule.ANY_FAIL), lm=lm)
    outcome = await judge.judge(rows("say fail")[0])
    assert isinstance(outcome, Verdict)
    assert (outcome.label, outcome.usage.calls, len(lm.models)) == (Label.FAIL, 2, 2)


async def test_a_call_without_verdict_leaves_a_row_open_unless_another_fails_it() -> None:
    calls = (prompt("{{output}} say hm"), prompt("{{output}}"))
    judge = ArtifactJudge(artifact=Artifact(calls=calls, rule=Rule.ANY_FAIL), lm=Echo())
    passed, failed, down = [await judge.judge(row) for row in rows("say pass", "say fail", "say down")]
    assert isinstance(passed, Failure)
    assert passed.kind is FailureKind.UNPARSEABLE
    assert isinstance(failed, Verdict)
    assert isinstance(down, Failure)
    assert down.kind is FailureKind.PROVIDER


def test_several_calls_need_a_rule_for_several() -> None:
    with pytest.raises(ArtifactInvalid, match="'single' does not fit 2 calls"):
        Artifact(calls=(prompt("{{output}}"), prompt("{{output}}")))


# --- sets of assertions ---------------------------------------------------------------------------------

KIND = Assertion(
    id="a1", criterion="Be kind.", kind=AssertionKind.PROMPT, text="Judge.", probability=True, reasoning=False
)
SHORT = Assertion(id="a2", criterion="Be brief.", kind=AssertionKind.CHECK, text="words(output) <= 3")
CALM = replace(KIND, id="a3", criterion="Be calm.")
ANY = Candidate(assertions=(KIND, SHORT))
LEARNED = Candidate(
    assertions=(KIND, CALM, SHORT), combination=Combination(weights=(1.5, 0.25, 0.5), bias=-0.125)
)


def judge_of(candidate: Candidate, report: Any = REPORT) -> Artifact:
    calls = calls_of(candidate, "Be good.", MODEL, DECODING)
    return artifact_of_calls(candidate, "Be good.", calls, report=report, provenance={"snapshot": "abc"})


@pytest.mark.parametrize(("candidate", "rule"), [(ANY, Rule.ANY_FAIL), (LEARNED, Rule.LEARNED)])
def test_a_set_survives_its_file(candidate: Candidate, rule: Rule) -> None:
    made = judge_of(candidate)
    again = from_json(made.to_json())
    assert (again.calls, again.candidate, again.rule) == (made.calls, candidate, rule)
    assert again.combination == candidate.combination
    assert again.to_json() == made.to_json()


def test_the_names_of_assertions_leave_the_digest() -> None:
    renamed = Candidate(assertions=(replace(KIND, id="elsewhere"), SHORT))
    assert judge_of(renamed).digest == judge_of(ANY).digest
    assert judge_of(renamed).to_json() != judge_of(ANY).to_json()


def test_a_judge_that_is_no_set_says_nothing_of_sets_in_its_file() -> None:
    plain = artifact().to_plain()
    assert not {"assertions", "combination"} & set(plain["candidate"])  # type: ignore[call-overload]
    assert "criterion" not in plain["calls"][0]  # type: ignore[index]


def test_weights_must_fit_the_calls() -> None:
    with pytest.raises(ArtifactInvalid, match=r"'learned' of 2 calls does not fit 3 weights"):
        replace(judge_of(ANY), rule=Rule.LEARNED, combination=LEARNED.combination)


def test_a_file_with_a_check_that_is_too_large_is_refused() -> None:
    plain = json.loads(replace(judge_of(ANY), calls=(Check(expression="true || " * 500 + "true"),)).to_json())
    with pytest.raises(ArtifactInvalid, match="a check is not usable"):
        from_json(json.dumps(plain))


class Wordy:
    """Fails an output that says `rude` where it is asked about kindness, and `loud` where about calm."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        about, word = ("kind", "rude") if "Be kind." in request.messages[0].content else ("calm", "loud")
        self.asked.append(about)
        p = 0.9 if word in request.messages[-1].content else 0.1
        return ModelAnswer(text=json.dumps({"verdict": "fail" if p > 0.5 else "pass", "fail_probability": p}))


async def test_checks_come_first_and_nobody_is_asked_about_a_row_that_they_fail() -> None:
    lm = Wordy()
    found = await judge_with(from_json(judge_of(ANY).to_json()), rows("far too many words", "rude", "ok"), lm)
    assert found.judged(["0", "1", "2"]) == (Label.FAIL, Label.FAIL, Label.PASS)
    assert lm.asked == ["kind", "kind"]
    assert [outcome.rationale for outcome in found.outcomes.values() if isinstance(outcome, Verdict)] == [
        "Be brief.",
        "Be kind.",
        None,
    ]


async def test_a_learned_judge_stops_where_the_rest_cannot_turn_it() -> None:
    lm = Wordy()
    # Kindness weighs 1.5 x 2.20 = 3.30, brevity 0.87 and calm at most 0.97: calm is never asked about.
    found = await judge_with(judge_of(LEARNED), rows("rude", "ok", "loud but ok"), lm)
    assert found.judged(["0", "1", "2"]) == (Label.FAIL, Label.PASS, Label.PASS)
    assert lm.asked == ["kind"] * 3


async def test_a_judge_of_checks_alone_asks_nobody() -> None:
    lm = Wordy()
    made = judge_of(Candidate(assertions=(SHORT,)))
    found = await judge_with(made, rows("one two three four", "one"), lm)
    assert (found.judged(["0", "1"]), lm.asked) == ((Label.FAIL, Label.PASS), [])
    assert made.model.name == "offline"

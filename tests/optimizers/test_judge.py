import json

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.dspy_state import state_json
from optimizers.errors import InvalidInput
from optimizers.judge import JudgeAdapter, JudgeProgram, candidate_of, dspy_example, program_of
from optimizers.rendering import render
from optimizers.types import (
    Candidate,
    Demonstration,
    Example,
    Label,
    LabelledExample,
    Message,
    VerbatimPrompt,
)
from optimizers.wording import DEFAULT_INSTRUCTION, instruction_of, objective, tidy

POLITE = "The reply is polite."
SHOWN = Demonstration(
    example_id="row 1", input="Hi", output="Go away", label=Label.FAIL, rationale="It is rude."
)
ROW = LabelledExample(
    example=Example(id="row 9", input="Hello", output="Hello!"), label=Label.PASS, critique="kind"
)


def test_a_candidate_survives_the_way_through_a_dspy_program() -> None:
    candidate = Candidate(instruction="Judge the tone.", demonstrations=(SHOWN,), probability=True)
    assert candidate_of(program_of(candidate, POLITE)) == candidate


@settings(max_examples=50, deadline=None)
@given(text=st.text() | st.sampled_from(["a\n  b\n    c", "\n  a\n    b", "\ta\n\tb", POLITE, f"x {POLITE}"]))
def test_instructions_that_dspy_found_render_as_they_ran(text: str) -> None:
    program = JudgeProgram(POLITE)
    program.judge.signature = program.judge.signature.with_instructions(text)
    again = program_of(candidate_of(program), POLITE)
    assert again.full_signature().instructions == program.full_signature().instructions


@given(text=st.text(), criterion=st.text())
def test_stating_the_objective_twice_changes_nothing(text: str, criterion: str) -> None:
    stated = objective(text, criterion)
    assert objective(stated, criterion) == stated == tidy(stated)
    assert objective(instruction_of(stated, criterion), criterion) == stated


def test_the_criterion_is_shown_once_with_whatever_instruction() -> None:
    quoting = Candidate(instruction=f"Fail it unless this holds: {POLITE}")
    for candidate in (Candidate(), Candidate(instruction="Judge."), quoting):
        assert render(candidate, POLITE).messages[0].content.count(POLITE) == 1


def test_without_an_instruction_the_judge_is_told_the_plain_one() -> None:
    assert DEFAULT_INSTRUCTION in render(Candidate(), POLITE).messages[0].content


def test_an_instruction_keeps_its_inner_indentation() -> None:
    content = render(Candidate(instruction="Rules:\n- one\n  - nested"), POLITE).messages[0].content
    assert "        Rules:\n        - one\n          - nested\n" in content


def test_the_state_is_what_dspy_itself_would_save() -> None:
    candidate = Candidate(instruction="Judge.", demonstrations=(SHOWN,))
    state = state_json(candidate, POLITE)
    assert json.loads(json.dumps(state)) == state == program_of(candidate, POLITE).dump_state()


def test_the_state_loads_into_a_plain_predictor_that_says_the_same_words() -> None:
    candidate = Candidate(instruction="Judge.", demonstrations=(SHOWN,))
    signature = "task_input, task_output -> rationale, verdict: Literal['pass', 'fail']"
    plain = dspy.Predict(signature).load_state(state_json(candidate, POLITE)["judge"])
    row = {"task_input": "i", "task_output": "o"}
    stock = dspy.JSONAdapter().format(plain.signature, plain.demos, row)
    ours = render(candidate, POLITE).fill(Example(id="1", input="i", output="o"))
    assert [Message(**message) for message in stock] == list(ours)


def test_a_demonstration_without_rationale_shows_its_verdict_alone() -> None:
    bare = Demonstration(example_id="2", input="i", output="o", label=Label.PASS)
    messages = render(Candidate(demonstrations=(bare, SHOWN)), POLITE).messages
    assert [json.loads(m.content) for m in messages if m.role == "assistant"] == [
        {"verdict": "pass"},
        {"rationale": "It is rude.", "verdict": "fail"},
    ]
    assert not any("None" in m.content or "not supplied" in m.content.lower() for m in messages)


def test_demonstrations_stand_in_the_order_given_and_leave_the_criterion_out() -> None:
    others = tuple(SHOWN.__class__(example_id=i, input=i, output="o", label=Label.PASS) for i in "cab")
    messages = render(Candidate(demonstrations=others), POLITE).messages
    shown = [m.content for m in messages if m.role == "user"][:-1]
    assert [text.splitlines()[1] for text in shown] == ["c", "a", "b"]
    assert not any(POLITE in text for text in shown)


def test_without_reasoning_no_rationale_is_asked_for_or_shown() -> None:
    messages = render(Candidate(demonstrations=(SHOWN,), reasoning=False), POLITE).messages
    assert not any("rationale" in m.content or "rude" in m.content for m in messages)


def test_a_demonstration_from_dspy_is_named_by_its_row() -> None:
    program = JudgeProgram(POLITE)
    program.judge.demos = [
        dspy.Example(task_input="Hello", task_output="Hello!", verdict="pass", augmented=True)
    ]
    assert candidate_of(program, (ROW,)).demonstrations[0].example_id == "row 9"
    assert candidate_of(program).demonstrations[0].example_id.startswith("text:")


def test_a_labelled_row_becomes_a_dspy_example_whose_label_is_no_input() -> None:
    example = dspy_example(ROW)
    assert example.inputs().toDict() == {"task_input": "Hello", "task_output": "Hello!"}
    assert (example.verdict, example.critique) == ("pass", "kind")


def test_a_verbatim_prompt_has_no_dspy_form() -> None:
    prompt = VerbatimPrompt(messages=(Message(role="user", content="{{output}}"),))
    with pytest.raises(InvalidInput, match="verbatim prompt has no DSPy form"):
        program_of(Candidate(verbatim=prompt), POLITE)


async def test_the_module_can_be_awaited() -> None:
    lm = dspy.utils.DummyLM([{"rationale": "r", "verdict": "fail"}], adapter=JudgeAdapter())
    with dspy.context(lm=lm):
        prediction = await JudgeProgram(POLITE).acall(task_input="i", task_output="o")
    assert prediction.verdict == "fail"

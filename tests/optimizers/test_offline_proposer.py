"""The offline model as a proposer: in every form in which a strategy asks."""

import asyncio
import json

import dspy
import pytest

from optimizers.kappa import Confusion
from optimizers.offline import OfflineModel
from optimizers.offline.cases import Case, cases
from optimizers.strategies.demonstrations import rationalisation
from optimizers.strategies.proposals import Mistake, _question
from optimizers.types import (
    Candidate,
    Example,
    Label,
    LabelledExample,
    Message,
    ModelRef,
    ModelRequest,
    Verdict,
)

ASKS_AGAIN = "Fail an output that asks for something that the input already gives."
LEAKS = "Fail an output that reveals what is internal or private, or data of somebody else."


def said(*messages: Message, sample: int = 0) -> str:
    request = ModelRequest(model=ModelRef(name="offline"), messages=messages, sample=sample)
    return asyncio.run(OfflineModel().complete(request)).text


def user(text: str) -> Message:
    return Message(role="user", content=text)


def failed(critique: str, output: str = "The boat leaves at nine.", *, name: str = "row") -> LabelledExample:
    example = Example(id=name, input="When does the boat leave?", output=output)
    return LabelledExample(example=example, label=Label.FAIL, critique=critique)


def question(*rows: LabelledExample, instruction: str = "") -> tuple[Message, ...]:
    wrong = [Mistake(row=row, outcome=Verdict(label=Label.PASS, rationale="Nothing.")) for row in rows]
    counts = Confusion(fn=len(rows), tn=3)
    found = {Label.FAIL: wrong, Label.PASS: []}
    return _question("It is sent.", Candidate(instruction=instruction), counts, found, "Be brief.")


def test_a_critique_becomes_a_rule_line() -> None:
    written = json.loads(said(*question(failed("He had already given his number."))))["instruction"]
    assert f"- {ASKS_AGAIN}" in written


def test_rule_lines_of_the_current_instruction_are_kept() -> None:
    asked = question(failed("He had already given his number."), instruction=f"Judge.\n- {LEAKS}")
    written = json.loads(said(*asked))["instruction"]
    assert f"- {LEAKS}" in written
    assert f"- {ASKS_AGAIN}" in written


def test_words_that_failed_outputs_share_become_a_rule_line() -> None:
    outputs = ("A guarantee: it sails.", "It sails, we guarantee.", "Our guarantee holds.")
    rows = [failed("", output, name=str(n)) for n, output in enumerate(outputs)]
    assert '"guarantee"' in json.loads(said(*question(*rows)))["instruction"]


def test_the_same_question_gets_the_same_proposal_and_another_sample_another() -> None:
    critiques = ("already given", "leaks something internal", "rude", "invents a rule", "no answer", "unsafe")
    asked = question(*(failed(words, f"It is {words}.", name=words) for words in critiques))
    assert said(*asked) == said(*asked)
    assert len({said(*asked, sample=n) for n in range(8)}) > 1


def test_a_rationale_is_what_the_person_said() -> None:
    written = json.loads(said(*rationalisation("It is sent.", failed("It gives the wrong hour."))))
    assert written == {"rationale": "It gives the wrong hour."}


def test_without_a_comment_the_rationale_speaks_of_the_texts() -> None:
    row = failed("", "Lovely weather for a picnic among friends.")
    assert "Against the output" in json.loads(said(*rationalisation("It is sent.", row)))["rationale"]


@pytest.mark.parametrize("adapter", [dspy.ChatAdapter(), dspy.JSONAdapter()], ids=["chat", "json"])
def test_every_field_of_a_dspy_signature_is_filled(adapter: dspy.Adapter) -> None:
    signature = dspy.Signature("examples, tip -> observations, proposed_instruction")
    rows = str(
        [dspy.Example(task_input="When?", task_output="Never mind.", verdict="fail", critique="Rude.")]
    )
    asked = adapter.format(signature, [], {"examples": rows, "tip": "Be brief."})
    text = said(*(Message(role=m["role"], content=m["content"]) for m in asked))
    fields = adapter.parse(signature, text)
    assert "Fail an output that blames" in fields["proposed_instruction"]
    assert "people failed 1" in fields["observations"]


def test_with_nothing_shown_it_still_writes_an_instruction() -> None:
    assert said(user("Write an instruction for a judge.")).startswith("Decide whether")


FORMS = {
    "json with a heading above": (
        'People failed these:\n{"task_input": "i", "task_output": "o", "people_say": "w"}'
    ),
    "json with a decision": '{"input": "i", "output": "o", "comment": "w", "decision": "fail"}',
    "feedback on a wrong verdict": json.dumps(
        {
            "Inputs": {"task_input": "i", "task_output": "o"},
            "Generated Outputs": {"verdict": "pass"},
            "Feedback": "The verdict `pass` is wrong: a person decided `fail`. A person who read it says: w",
        }
    ),
    "a printed example": (
        "[Example({'task_input': 'i', 'task_output': 'o', 'critique': 'w', 'verdict': 'fail'}) "
        "(input_keys={'task_input'})]"
    ),
    "lines": "Task Input: i\nTask Output: o\nRationale: w\nVerdict: fail",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_cases_are_found_however_they_are_wrapped(text: str) -> None:
    assert cases([user(text)]) == (Case(input="i", output="o", label=Label.FAIL, words="w"),)


def test_what_the_judge_said_is_nobodys_decision() -> None:
    text = json.dumps({"Inputs": {"task_output": "o"}, "Generated Outputs": {"verdict": "pass"}})
    assert cases([user(text)]) == ()

import json

import pytest

from optimizers.criteria.asking import ask_through
from optimizers.criteria.suggesting import from_labels, from_prompt
from optimizers.errors import AnswerUnusable, InvalidInput
from optimizers.testing.scripted import ScriptedModel
from optimizers.types import Example, Label, LabelledExample, ModelRef
from tests.optimizers.criteria.asked import Asked, criteria

DATES = "Every date in the output stands in the input."
TONE = "The output speaks to the reader with respect."
PROMPT = "Answer the guest in two sentences. Name the day of departure."


def rows(fails: int, passes: int = 4) -> list[LabelledExample]:
    def row(name: str, label: Label, critique: str | None) -> LabelledExample:
        example = Example(id=name, input=f"When does boat {name} leave?", output=f"On day {name}.")
        return LabelledExample(example=example, label=label, critique=critique)

    bad = [row(f"f{i:02}", Label.FAIL, f"Wrong day {i}") for i in range(fails)]
    return [*bad, *(row(f"p{i:02}", Label.PASS, None) for i in range(passes))]


async def test_a_prompt_is_shown_and_its_criteria_come_back() -> None:
    ask = Asked(criteria({"name": "Dates", "criterion": DATES, "why": "Name the day"}, TONE))
    found = await from_prompt(PROMPT, ask=ask, n=5)
    assert [one.text for one in found] == [DATES, TONE]
    assert PROMPT in ask.questions[0]
    assert ask.questions[0].endswith('"why": "..."}]}')
    assert len(ask.questions) == 1


async def test_what_there_is_is_shown_and_not_suggested_again() -> None:
    ask = Asked(criteria(DATES, TONE))
    found = await from_prompt(PROMPT, ask=ask, existing=[DATES])
    assert f"- {DATES}" in ask.questions[0]
    assert [one.text for one in found] == [TONE]


async def test_rubbish_is_asked_about_once_more_and_then_said_to_be_rubbish() -> None:
    ask = Asked(["Hm.", criteria(TONE)])
    assert [one.text for one in await from_prompt(PROMPT, ask=ask)] == [TONE]
    assert ask.samples == [0, 1]
    with pytest.raises(AnswerUnusable, match=r"no criteria that can be read; it begins: 'Hm\.'"):
        await from_prompt(PROMPT, ask=Asked("Hm."))


async def test_no_suggestion_is_an_answer() -> None:
    assert await from_prompt(PROMPT, ask=Asked('{"criteria": []}')) == ()


async def test_another_sample_is_another_question() -> None:
    ask = Asked(criteria(TONE))
    await from_prompt(PROMPT, ask=ask, sample=3)
    assert ask.samples == [6]


async def test_failed_rows_are_shown_with_critiques_beside_passed_ones() -> None:
    ask = Asked(criteria({"criterion": DATES, "cases": [1, 2]}))
    (found,) = await from_labels(rows(3), "It helps the guest.", ask=ask)
    shown = [json.loads(line) for line in ask.questions[0].splitlines() if line.startswith('{"case"')]
    assert [case["case"] for case in shown] == [1, 2, 3, 4, 5, 6, 7]
    assert {case["decision"] for case in shown[:3]} == {"fail"}
    assert all(case["people_say"].startswith("Wrong day") for case in shown[:3])
    assert "It helps the guest." in ask.questions[0]
    assert len(found.example_ids) == 2
    assert all(name.startswith("f") for name in found.example_ids)


async def test_many_failed_rows_are_shown_in_a_few_questions() -> None:
    ask = Asked(lambda text: criteria(TONE, DATES) if "Wrong day 7" in text else criteria(DATES))
    found = await from_labels(rows(50), "", ask=ask)
    assert len(ask.questions) == 4
    assert [one.text for one in found] == [DATES, TONE]  # the first was named by all of them


async def test_the_same_labels_ask_the_same_whatever_their_order() -> None:
    first, second = Asked(criteria(TONE)), Asked(criteria(TONE))
    await from_labels(rows(40), "", ask=first)
    await from_labels(rows(40)[::-1], "", ask=second)
    assert first.questions == second.questions


@pytest.mark.parametrize(
    "given", [{"rows": rows(0), "n": 5}, {"rows": [], "n": 5}, {"rows": rows(1), "n": 0}]
)
async def test_labels_that_say_nothing_are_refused(given: dict[str, object]) -> None:
    ask = Asked(criteria(TONE))
    with pytest.raises(InvalidInput, match=r"rows must hold at least one|n must be a whole number"):
        await from_labels(given["rows"], "", ask=ask, n=given["n"])  # type: ignore[arg-type]
    assert ask.questions == []


async def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(InvalidInput, match="prompt must be"):
        await from_prompt(" \n", ask=Asked(criteria(TONE)))


async def test_questions_go_through_the_gateway_as_requests() -> None:
    model = ScriptedModel(lambda _: criteria(TONE))
    await from_prompt(PROMPT, ask=ask_through(model, ModelRef(name="offline")), sample=1)
    (request,) = model.requests
    assert (request.model.name, request.sample, request.decoding.temperature) == ("offline", 2, 1.0)

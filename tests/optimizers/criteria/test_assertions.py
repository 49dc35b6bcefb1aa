import json
from collections.abc import Iterator

import pytest

from optimizers.checks import FUNCTIONS, CheckRunner
from optimizers.criteria.assertions import CHECK, PROMPT, DraftAssertion, Refused, write
from optimizers.errors import AnswerUnusable, InvalidInput
from tests.optimizers.criteria.asked import Asked

CRITERION = "The output has at most 50 words."
STRICT = "Fail an output with more than fifty words, however good it is."
GOOD, BAD = "words(output) <= 50", "words(output) <= many"


@pytest.fixture(scope="module")
def checks() -> Iterator[CheckRunner]:
    own = CheckRunner()
    yield own
    own.close()


def model(checks: list[str], mended: str = "{}", instructions: str | None = None) -> Asked:
    said = json.dumps({"instructions": [STRICT]}) if instructions is None else instructions

    def answer(text: str) -> str:
        if "# What is wrong" in text:
            return mended
        return said if '"instructions"' in text else json.dumps({"checks": checks})

    return Asked(answer)


async def test_both_kinds_are_written_and_a_check_is_told_what_there_is(checks: CheckRunner) -> None:
    ask = model([GOOD])
    found = await write(CRITERION, ask=ask, checks=checks)
    assert found.assertions == (
        DraftAssertion(kind=PROMPT, text=STRICT),
        DraftAssertion(kind=CHECK, text=GOOD),
    )
    assert found.refused == ()
    assert all(note.call in ask.questions[1] for note in FUNCTIONS)
    assert all(CRITERION in question for question in ask.questions)


async def test_a_refused_check_goes_back_once_with_position_and_reason(checks: CheckRunner) -> None:
    ask = model([BAD], mended=json.dumps({"checks": [GOOD]}))
    found = await write(CRITERION, ask=ask, kinds=[CHECK], checks=checks)
    assert found.assertions == (DraftAssertion(kind=CHECK, text=GOOD),)
    assert found.refused == ()
    assert "line 1, column 18: undeclared reference to 'many'" in ask.questions[1]
    assert len(ask.questions) == 2


@pytest.mark.parametrize(
    "mended", [json.dumps({"checks": ["words(output) <="]}), "{}", "", '{"checks": [""]}']
)
async def test_what_is_refused_again_is_dropped_and_reported(checks: CheckRunner, mended: str) -> None:
    ask = model([BAD, f"`{GOOD}`"], mended=mended)
    found = await write(CRITERION, ask=ask, kinds=[CHECK], checks=checks)
    assert found.assertions == (DraftAssertion(kind=CHECK, text=GOOD),)
    (refused,) = found.refused
    assert refused.reason.startswith("line 1, column")
    assert len(ask.questions) == 2


async def test_no_check_is_an_answer_too(checks: CheckRunner) -> None:
    assert (await write(CRITERION, ask=model([]), kinds=[CHECK], checks=checks)).assertions == ()


async def test_no_more_than_wanted_are_taken(checks: CheckRunner) -> None:
    many = json.dumps({"instructions": [f"{STRICT} ({i})" for i in range(9)]})
    ask = model([f"words(output) <= {i}" for i in range(9)], instructions=many)
    found = await write(CRITERION, ask=ask, n=2, checks=checks)
    assert [one.kind for one in found.assertions] == [PROMPT, PROMPT, CHECK, CHECK]


async def test_half_an_answer_is_kept_and_the_other_half_reported(checks: CheckRunner) -> None:
    found = await write(CRITERION, ask=model([GOOD], instructions="As you wish."), checks=checks)
    assert found.assertions == (DraftAssertion(kind=CHECK, text=GOOD),)
    assert found.refused[0].text == "As you wish."
    assert "no instructions" in found.refused[0].reason


async def test_an_instruction_out_of_bounds_is_reported() -> None:
    ask = model([], instructions=json.dumps({"instructions": ["Fail it.", STRICT]}))
    found = await write(CRITERION, ask=ask, kinds=[PROMPT])
    assert found.assertions == (DraftAssertion(kind=PROMPT, text=STRICT),)
    assert found.refused == (
        Refused(text="Fail it.", reason="an instruction must have 12 to 4000 characters, got 8"),
    )


async def test_nothing_but_rubbish_is_an_error(checks: CheckRunner) -> None:
    with pytest.raises(AnswerUnusable, match="holds no instructions"):
        await write(CRITERION, ask=Asked("As you wish."), checks=checks)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criterion_text": " "}, "criterion_text must"),
        ({"n": 0}, "n must be a whole number from 1 to 10, got 0"),
        ({"kinds": ["python"]}, "kinds must be one or both of prompt, check, got python"),
        ({"kinds": []}, "got none"),
        ({"kinds": [CHECK]}, "checks must be a runner"),
    ],
)
async def test_bad_input_is_named(change: dict[str, object], message: str) -> None:
    given = {"criterion_text": CRITERION, "ask": Asked("{}"), "kinds": [PROMPT]} | change
    with pytest.raises(InvalidInput, match=message):
        await write(**given)  # type: ignore[arg-type]

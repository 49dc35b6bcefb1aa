import pytest

from optimizers.strategies.answers import clipped, field_of
from optimizers.strategies.proposals import LONGEST_INSTRUCTION, new_instructions

GOOD = "Fail replies that promise what cannot be kept."


@pytest.mark.parametrize(
    "answer",
    [
        f'{{"instruction": "{GOOD}"}}',
        f'```json\n{{"instruction": "{GOOD}"}}\n```',
        f'Here it is:\n{{"instruction": "{GOOD}"}} Hope it helps {{x}}.',
        f'<think>{{"instruction": "no"}}</think>{{"instruction": "{GOOD}"}}',
        f'{{broken {{"instruction": "{GOOD}"}}',
        GOOD,
        f"```\n{GOOD}\n```",
    ],
)
def test_an_instruction_is_found_wherever_it_stands(answer: str) -> None:
    assert field_of(answer, "instruction") == GOOD


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  \n",
        '{"other": "x y z"}',
        '{"instruction": 7}',
        '{"instruction": ""}',
        "{broken",
        "[1, 2]",
        "{" * 90_000,
    ],
)
def test_nonsense_holds_no_instruction(answer: str) -> None:
    assert field_of(answer, "instruction") is None


def test_the_same_instruction_in_other_clothes_is_not_new() -> None:
    known = [GOOD]
    assert new_instructions([f'  "{GOOD.upper()}" ', GOOD.replace(" ", "\n"), GOOD.rstrip(".")], known) == ()


def test_equal_proposals_count_once() -> None:
    assert new_instructions([GOOD, GOOD.lower(), "Pass whatever is polite."], []) == (
        GOOD,
        "Pass whatever is polite.",
    )


@pytest.mark.parametrize(
    "text", [None, "", "ok", "pass", "supercalifragilistic", "a b " * LONGEST_INSTRUCTION]
)
def test_what_cannot_be_an_instruction_is_left_out(text: str | None) -> None:
    assert new_instructions([text], []) == ()


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = "a" * 50 + "b" * 50 + "c" * 50
    assert clipped(text, 30) == "a" * 20 + " [... 120 characters left out ...] " + "c" * 10
    assert clipped(text, 150) == text

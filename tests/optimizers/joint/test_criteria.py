import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.joint.criteria import (
    LONGEST_CRITERION,
    PLACEBO,
    SHORTEST_CRITERION,
    CriteriaPool,
    alike,
    content_words,
    criteria_in,
    instruction_with,
    stated_in,
)

RUDE = "A reply that insults the customer fails."
LATE = "A refund must be promised within ten days."
LINES = (RUDE, LATE)
TEXT = f"- {RUDE}\n- {LATE}"

# --- reading an answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"instruction": TEXT}),
        json.dumps({"instruction": list(LINES)}),
        f"```json\n{json.dumps({'instruction': TEXT})}\n```",
        f"Here is what I found:\n\n* {RUDE}\n* {LATE}\n\nI hope that this helps you.",
        f"1. {RUDE}\n2) {LATE}",
        f"{RUDE}\n{LATE}",
    ],
    ids=["text", "list", "fenced", "bullets amid prose", "numbers", "plain lines"],
)
def test_criteria_are_read_however_they_are_written(answer: str) -> None:
    assert criteria_in(answer) == LINES


@pytest.mark.parametrize(
    "answer", ["", "?!", "{", "[[ ## ]]", '{"instruction": ""}', "- so\n- be it", "null"]
)
def test_nonsense_states_nothing(answer: str) -> None:
    assert criteria_in(answer) == ()


def test_a_long_paragraph_is_taken_sentence_by_sentence() -> None:
    sentences = [f"The reply must not mention the colour number {n} to a customer." for n in range(11)]
    paragraph = " ".join(sentences)
    assert len(paragraph) > LONGEST_CRITERION
    assert criteria_in(paragraph) == tuple(sentences)


def test_a_line_that_is_too_short_too_long_or_said_twice_is_left_out() -> None:
    lines = [RUDE, "Be nice.", RUDE, "word " * LONGEST_CRITERION, LATE]
    assert criteria_in(json.dumps({"instruction": lines})) == LINES


def test_an_endless_answer_is_cut() -> None:
    endless = "\n".join(f"- The reply must not mention the number {n} at all." for n in range(500))
    found = criteria_in(endless)
    assert 0 < len(found) < 50
    assert found[0] == "The reply must not mention the number 0 at all."


# --- saying the same --------------------------------------------------------------------------------


def test_other_forms_of_the_same_words_are_alike() -> None:
    assert alike("Replies that promise refunds fail.", "Fail a reply promising a refund.")
    assert not alike(RUDE, LATE)


def test_what_any_criterion_may_say_carries_no_meaning() -> None:
    assert content_words("The output fails if the reply is about the task.") == frozenset()


@given(st.text(max_size=80), st.text(max_size=80))
def test_alike_is_reflexive_and_symmetric(one: str, other: str) -> None:
    assert alike(one, one)
    assert alike(one, other) is alike(other, one)


# --- the pool ---------------------------------------------------------------------------------------


def test_a_pool_keeps_each_criterion_once_and_counts_the_answers_that_named_it() -> None:
    pool = CriteriaPool()
    assert pool.add([RUDE]) == (RUDE,)
    assert pool.add([LATE, "It fails when the customer is insulted by the reply."]) == (LATE,)
    assert [(known.text, known.support) for known in pool.known] == [(RUDE, 2), (LATE, 1)]


def test_one_answer_supports_a_criterion_once() -> None:
    pool = CriteriaPool()
    pool.add([RUDE, "Insults to the customer in a reply fail it."])
    assert [known.support for known in pool.known] == [1]


def test_the_best_are_those_that_most_answers_named_and_of_equals_the_first() -> None:
    pool = CriteriaPool()
    third = "Links must lead to the company's pages."
    pool.add([RUDE, LATE, third])
    pool.add([third])
    assert pool.best(2) == (third, RUDE)


# --- in an instruction ------------------------------------------------------------------------------

criteria = st.lists(
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")),
        min_size=SHORTEST_CRITERION,
        max_size=LONGEST_CRITERION,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: len(text) >= SHORTEST_CRITERION),
    unique=True,
    max_size=20,
).map(tuple)


@given(criteria, st.sampled_from(["", "Pass what helps.", "Judge.\n\nBe strict."]), st.booleans())
def test_what_an_instruction_states_is_what_was_put_into_it(
    lines: tuple[str, ...], head: str, reasoning: bool
) -> None:
    instruction = instruction_with(head, lines, reasoning=reasoning)
    assert stated_in(instruction) == lines
    assert instruction.startswith(head)


def test_without_criteria_an_instruction_is_its_beginning() -> None:
    assert instruction_with("Judge.", (), reasoning=True) == "Judge."
    assert instruction_with("", (), reasoning=True) == ""


def test_without_reasoning_no_rationale_is_asked_for() -> None:
    assert "rationale" in instruction_with("Judge.", LINES, reasoning=True)
    assert "rationale" not in instruction_with("Judge.", LINES, reasoning=False)


def test_a_list_that_a_person_wrote_is_read_too() -> None:
    assert stated_in(f"Please judge.\n  * {RUDE}\n  * {LATE}\n  * no\nThank you.") == LINES


def test_the_placebo_is_no_criterion() -> None:
    assert criteria_in(f'{{"instruction": "- {PLACEBO}\\n- It blames the customer."}}') == (
        "It blames the customer.",
    )


def test_a_list_that_is_the_whole_answer_is_read() -> None:
    assert criteria_in('["It blames the customer.", "It promises too much."]') == (
        "It blames the customer.",
        "It promises too much.",
    )

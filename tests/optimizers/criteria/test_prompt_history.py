import pytest

from optimizers.criteria.categories import DeltaCategory, category_named, category_of
from optimizers.criteria.prompt_history import MOST_DELTAS, PromptDelta, by_rules, deltas, from_history
from optimizers.errors import InvalidInput
from tests.optimizers.criteria.asked import Asked, criteria

FIRST = "Summarise the letter: {letter}"
SECOND = "Summarise the letter: {letter}\nUse at most 50 words. Do not name the sender."
THIRD = "Summarise the letter: {letter}\nUse at most 50 words. Answer in JSON."
SHORT = {"criterion": "The output has at most 50 words.", "why": "Use at most 50 words.", "category": "Count"}


def test_versions_differ_by_sentences() -> None:
    assert deltas([FIRST, SECOND, SECOND, THIRD]) == (
        PromptDelta(version=1, added=("Summarise the letter: {letter}",)),
        PromptDelta(version=2, added=("Use at most 50 words.", "Do not name the sender.")),
        PromptDelta(version=4, added=("Answer in JSON.",), removed=("Do not name the sender.",)),
    )


def test_a_sentence_that_moved_is_no_difference() -> None:
    assert len(deltas(["One thing. Another thing.", "Another thing. One thing."])) == 1


@pytest.mark.parametrize(
    ("sentence", "category"),
    [
        ("Answer in JSON with the keys name and date.", DeltaCategory.PRESENTATION_FORMAT),
        ("For example: 'Dear guest, the boat leaves at nine.'", DeltaCategory.EXAMPLE_DEMONSTRATION),
        ("First read the letter, then write the summary.", DeltaCategory.WORKFLOW_DESCRIPTION),
        ("Use at most 50 words.", DeltaCategory.COUNT),
        ("Write three bullet points.", DeltaCategory.COUNT),
        ("Mention the date of departure.", DeltaCategory.INCLUSION),
        ("Do not mention the sender's name.", DeltaCategory.EXCLUSION),
        ("Keep a friendly tone.", DeltaCategory.QUALITATIVE_ASSESSMENT),
        ("You are an office clerk.", DeltaCategory.OTHER),
    ],
)
def test_an_instruction_has_its_category_by_its_words(sentence: str, category: DeltaCategory) -> None:
    assert category_of(sentence) is category


def test_a_category_is_understood_however_it_is_written() -> None:
    assert category_named("Presentation Format") is DeltaCategory.PRESENTATION_FORMAT
    assert category_named("Response Format Instruction") is DeltaCategory.PRESENTATION_FORMAT
    assert category_named("QUALITATIVE_ASSESSMENT") is DeltaCategory.QUALITATIVE_ASSESSMENT
    assert category_named("quantity") is DeltaCategory.COUNT
    assert category_named("It is not clear which") is category_named(None) is None


async def test_each_lasting_addition_is_asked_about_the_latest_first() -> None:
    ask = Asked(lambda text: criteria(SHORT) if "+ Use at most 50" in text else '{"criteria": []}')
    (found,) = await from_history([FIRST, SECOND, THIRD], ask=ask)
    assert (found.text, found.category) == (SHORT["criterion"], DeltaCategory.COUNT)
    assert ["+ Answer in JSON." in question for question in ask.questions] == [True, False, False]
    assert not any("+ Do not name the sender." in question for question in ask.questions)
    assert "- Do not name the sender." in ask.questions[0]


async def test_a_category_that_the_model_leaves_out_is_found_by_rules() -> None:
    ask = Asked(criteria({"criterion": "The summary is valid JSON.", "why": "Answer in JSON."}))
    (found,) = await from_history([THIRD], ask=ask)
    assert found.category is DeltaCategory.PRESENTATION_FORMAT


async def test_where_no_answer_can_be_read_rules_take_over() -> None:
    found = await from_history([FIRST, SECOND, THIRD], ask=Asked("I would rather not."))
    assert [(one.why, one.category) for one in found] == [
        ("Answer in JSON.", DeltaCategory.PRESENTATION_FORMAT),
        ("Use at most 50 words.", DeltaCategory.COUNT),
    ]
    assert found[1].text == "The output keeps to this instruction: Use at most 50 words."


def test_rules_leave_out_what_says_nothing_about_outputs() -> None:
    assert (
        by_rules(PromptDelta(version=1, added=("You are a clerk.", "{include_this}", "Avoid jargon."))) == ()
    )


async def test_a_long_history_is_asked_about_in_its_last_versions() -> None:
    ask = Asked('{"criteria": []}')
    versions = [" ".join(f"Mention item number {i}." for i in range(last + 1)) for last in range(30)]
    await from_history(versions, ask=ask)
    assert len(ask.questions) == MOST_DELTAS
    assert "+ Mention item number 3." in ask.questions[-1]  # what came before is one difference


@pytest.mark.parametrize(
    ("prompts", "message"), [(["", " "], "prompts must hold"), (["x" * 100_001], "at most 100000 characters")]
)
async def test_what_is_no_history_is_refused(prompts: list[str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        await from_history(prompts, ask=Asked(""))

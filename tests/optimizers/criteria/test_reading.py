import json

import pytest

from optimizers.criteria.categories import DeltaCategory
from optimizers.criteria.reading import SuggestedCriterion, merged, suggestions_in, texts_in

DATES = "Every date in the output stands in the input."
TONE = "The output speaks to the reader with respect."
ITEM = {"name": "Dates", "criterion": DATES, "why": "Case 2.", "cases": [2, "case 1", 9], "category": "Count"}
FORMS = {
    "an object": json.dumps({"criteria": [ITEM]}),
    "fenced": f"```json\n{json.dumps({'criteria': [ITEM]})}\n```",
    "amid prose": f"Here they are: {json.dumps({'criteria': [ITEM]})} I hope that helps.",
    "a bare list": json.dumps([ITEM]),
    "a fenced list amid prose": f"Sure!\n```json\n{json.dumps([ITEM])}\n```\nAnything else?",
    "another name": json.dumps({"suggestions": [ITEM]}),
    "objects one a line": json.dumps(ITEM) + "\n",
    "thoughts before it": f"<think>maybe {{}}</think>{json.dumps({'criteria': [ITEM]})}",
}


@pytest.mark.parametrize("answer", FORMS.values(), ids=FORMS)
def test_a_criterion_is_read_in_every_form_that_models_write(answer: str) -> None:
    assert suggestions_in(answer, ["a", "b"]) == (
        SuggestedCriterion(
            name="Dates", text=DATES, why="Case 2.", example_ids=("b", "a"), category=DeltaCategory.COUNT
        ),
    )


def test_plain_lists_and_texts_are_read_and_named_by_their_first_words() -> None:
    for answer in (f"- {DATES}\n- {TONE}", json.dumps({"criteria": [DATES, TONE]})):
        found = suggestions_in(answer)
        assert found is not None
        assert [one.text for one in found] == [DATES, TONE]
        assert [one.name for one in found] == ["Every date in the output", "Speaks to the reader with"]


def test_none_suggested_differs_from_nothing_readable() -> None:
    assert suggestions_in('{"criteria": []}') == ()
    for rubbish in (
        "",
        "No.",
        "I would rather not say what is good.",
        '{"criteria": ',
        '{"criteria": [1, {}, "x"]}',
        '{"score": 3}',
        "[[[[",
    ):
        assert suggestions_in(rubbish) is None, rubbish


def test_texts_keep_their_lines_and_come_once() -> None:
    answer = json.dumps({"checks": ["a ||\n b", {"expression": "c"}, "a ||\n b", ""]})
    assert texts_in(answer, "checks") == ("a ||\n b", "c")
    assert texts_in('{"checks": []}', "checks") == texts_in('{"checks": [""]}', "checks") == ()
    assert texts_in("I cannot do that.", "checks") is None


def one(text: str, *rows: str) -> SuggestedCriterion:
    return SuggestedCriterion(name="x", text=text, example_ids=rows)


def test_what_several_answers_name_comes_first_with_all_its_rows() -> None:
    again = "Each date that the output names stands in the input."
    found = merged([[one(TONE), one(DATES, "a")], [one(again, "b", "a")]], [], 5)
    assert [(c.text, c.example_ids) for c in found] == [(DATES, ("a", "b")), (TONE, ())]


def test_what_is_known_comes_not_back_and_no_more_than_wanted() -> None:
    assert merged([[one(DATES), one(TONE)]], ["A date in the output stands in the input."], 5) == (one(TONE),)
    assert merged([[one(DATES), one(TONE)]], [], 1) == (one(DATES),)

"""Which column plays which part."""

import pytest

from optimizers.errors import InvalidInput
from service.datasets.ingest.columns import ColumnRequest, understand

BY_NAME = ColumnRequest()


@pytest.mark.parametrize(
    ("headers", "input_", "output"),
    [
        (["input", "output"], "input", "output"),
        (["Prompt", "Response"], "Prompt", "Response"),
        (["question", "answer"], "question", "answer"),
        ([" INPUT ", "Model Output"], " INPUT ", "Model Output"),
        (["user-input", "completion"], "user-input", "completion"),
    ],
)
def test_common_names_are_recognized(headers: list[str], input_: str, output: str) -> None:
    assert understand(headers, BY_NAME).roles == {"input": input_, "output": output}


def test_an_exact_name_wins_over_its_synonyms() -> None:
    columns = understand(["question", "input", "answer", "output"], BY_NAME)
    assert (columns.roles["input"], columns.roles["output"]) == ("input", "output")
    assert columns.ignored == ("question", "answer")


def test_two_synonyms_are_a_question_and_not_a_guess() -> None:
    columns = understand(["prompt", "question", "output"], BY_NAME)
    assert columns.unclear == {"input": ("prompt", "question")}


def test_annotators_are_found_by_their_prefix() -> None:
    columns = understand(["input", "output", "annotator_1", "Annotator anna", "annotators"], BY_NAME)
    assert columns.annotators == {"1": "annotator_1", "anna": "Annotator anna"}


def test_the_request_wins_over_names() -> None:
    request = ColumnRequest.parse({"input": "text", "label": None})
    columns = understand(["input", "text", "output", "label"], request)
    assert columns.roles == {"input": "text", "output": "output"}
    assert columns.ignored == ("input", "label")


def test_annotators_can_be_named_by_the_request() -> None:
    request = ColumnRequest.parse({"annotators": {"anna": "rater A"}})
    columns = understand(["input", "output", "rater A", "annotator_1"], request)
    assert columns.annotators == {"anna": "rater A"}


def test_a_missing_column_says_which_names_would_do() -> None:
    columns = understand(["input", "label"], BY_NAME)
    assert set(columns.missing) == {"output"}
    assert "response" in columns.missing["output"]


def test_a_column_that_the_request_names_in_vain_is_missing() -> None:
    columns = understand(["input", "output"], ColumnRequest.parse({"group": "cluster_id"}))
    assert "'cluster_id'" in columns.missing["group"]


@pytest.mark.parametrize(
    "value", [{"inptu": "x"}, {"input": 3}, {"annotators": ["a"]}, {"annotators": {"a": 1}}]
)
def test_a_request_that_makes_no_sense_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="columns"):
        ColumnRequest.parse(value)

"""How the words of a label column are understood."""

import pytest

from optimizers.errors import InvalidInput
from optimizers.types import Label
from service.datasets.ingest import LabelWords
from service.datasets.ingest.labels import UnknownLabel


@pytest.mark.parametrize("word", [1, 1.0, True, "1", "1.0", "true", "TRUE", " Pass ", "good", "GOOD"])
def test_these_words_mean_pass(word: object) -> None:
    assert LabelWords().read(word) is Label.PASS


@pytest.mark.parametrize("word", [0, 0.0, False, "0", "0.00", "false", "False", "FAIL", " bad"])
def test_these_words_mean_fail(word: object) -> None:
    assert LabelWords().read(word) is Label.FAIL


@pytest.mark.parametrize("word", [None, "", "  ", float("nan")])
def test_a_blank_is_no_label(word: object) -> None:
    assert LabelWords().read(word) is None


@pytest.mark.parametrize("word", ["yes", "no", "2", "-1", "0.5", "passed", "nan", "n/a", [], {}])
def test_anything_else_is_unknown(word: object) -> None:
    with pytest.raises(UnknownLabel):
        LabelWords().read(word)


def test_a_mapping_replaces_the_words() -> None:
    words = LabelWords({"1": "fail", "0": "pass"})
    assert (words.read(1), words.read("0")) == (Label.FAIL, Label.PASS)


def test_a_mapping_knows_its_own_words_alone() -> None:
    words = LabelWords({"Yes": "pass", "No": "fail"})
    assert words.read("YES") is Label.PASS
    with pytest.raises(UnknownLabel):
        words.read("1")


def test_a_mapping_may_mean_its_sides_in_the_usual_words() -> None:
    assert LabelWords({"ok": "good", "nok": "0"}).read("nok") is Label.FAIL


@pytest.mark.parametrize("mapping", [{}, {"1": "maybe"}, {"Yes": "pass", "yes ": "fail"}, {" ": "pass"}])
def test_a_mapping_that_makes_no_sense_is_refused(mapping: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="label_mapping"):
        LabelWords(mapping)


def test_the_allowed_words_are_listed_by_side() -> None:
    assert LabelWords({"ok": "pass", "meh": "fail"}).allowed == "ok (pass); meh (fail)"

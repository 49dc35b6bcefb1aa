import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.checks import markdown, text

PAGE = """# Title *here*

- one
- two `code`
  - three

```py
x = 1
```

See [a](https://a.example) and <https://b.example>.

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.mark.parametrize(
    ("given_text", "words"),
    [
        ("", 0),
        ("One, two - three!", 3),
        ("Don't l'été re-read", 4),
        ("今日は良い", 5),
        ("Привет, мир", 2),
        ("e\u0301t\u00e9", 1),
    ],
)
def test_words_are_counted_in_any_script(given_text: str, words: int) -> None:
    assert text.words(given_text) == words


@pytest.mark.parametrize(
    ("given_text", "sentences"),
    [
        ("", 0),
        ("One. Two! Three?", 3),
        ("It costs 3.50 today", 1),
        ("今日は。明日は。", 2),
        ("A\n\nB", 2),
        ("...", 0),
    ],
)
def test_sentences_end_where_they_end_in_any_script(given_text: str, sentences: int) -> None:
    assert text.sentences(given_text) == sentences


def test_blank_lines_part_paragraphs_and_are_no_lines() -> None:
    assert text.lines("a\n\n b\n") == 2
    assert text.paragraphs("a\nb\n \nc\n") == 2


def test_a_phrase_is_mentioned_as_whole_words_whatever_the_case() -> None:
    assert text.mentions("We are SORRY for that", "sorry for")
    assert not text.mentions("category", "cat")
    assert not text.mentions("anything", "")
    assert text.mentions_any("a b", ["x", "B"])
    assert not text.mentions_all("a b", ["a", "x"])


def test_parts_are_contained_letter_by_letter() -> None:
    assert text.contains_any("category", ["cat", "x"])
    assert not text.contains_any("Category", ["cat"])
    assert text.contains_all("category", ["cat", "gory"])


def test_numbers_are_compared_by_value_not_by_form() -> None:
    assert text.numbers("1,200.50 and 1.200,50 and 007") == ["1200.5", "7"]
    assert text.new_numbers("a total of 1200", "the sum is 1,200") == []
    assert text.new_numbers("9 and ١٢", "only 12") == ["9"]


def test_overlap_is_the_share_of_different_words_that_the_source_has() -> None:
    assert text.overlap("a b b c d", "A B") == 0.5
    assert text.overlap("", "a") == 1.0


def test_markdown_is_read_by_its_structure() -> None:
    assert markdown.headings(PAGE) == ["Title here"]
    assert markdown.list_items(PAGE) == ["one", "two code", "three"]
    assert markdown.code_blocks(PAGE) == ["x = 1\n"]
    assert markdown.links(PAGE) == ["https://a.example", "https://b.example"]
    assert markdown.tables(PAGE) == 1


@given(st.text(), st.text())
def test_no_text_breaks_a_measure(one: str, other: str) -> None:
    assert 0 <= text.overlap(one, other) <= 1
    assert text.words(one + "\n" + other) == text.words(one) + text.words(other)
    assert text.new_numbers(one, one) == []
    assert min(text.sentences(one), text.lines(one), text.paragraphs(one)) >= 0

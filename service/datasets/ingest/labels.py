"""How the words of a label column are understood."""

import re
from collections.abc import Mapping

from optimizers.errors import InvalidInput
from optimizers.types import Label

DEFAULT_WORDS: Mapping[str, Label] = {
    "1": Label.PASS,
    "true": Label.PASS,
    "pass": Label.PASS,
    "good": Label.PASS,
    "0": Label.FAIL,
    "false": Label.FAIL,
    "fail": Label.FAIL,
    "bad": Label.FAIL,
}
WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")
"""Tables write a column of whole numbers that has gaps as 1.0 and 0.0."""


class UnknownLabel(ValueError):
    """A value that is neither pass nor fail."""


def word_of(value: object) -> str:
    """One spelling for one value: `True`, ` TRUE` and `true` are one word, and so are 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip().casefold()
    whole = WHOLE_FLOAT.fullmatch(text)
    return whole[1] if whole else text


class LabelWords:
    """Reads labels: by the default words, or by a dataset's own mapping alone.

    Raises:
        InvalidInput: the mapping is empty, maps to anything but pass or fail, or maps one word twice.
    """

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        self._words = DEFAULT_WORDS if mapping is None else _own_words(mapping)

    @property
    def allowed(self) -> str:
        """The words, for a message."""
        sides = ((label, [w for w, means in self._words.items() if means is label]) for label in Label)
        return "; ".join(f"{', '.join(words)} ({label})" for label, words in sides if words)

    def read(self, value: object) -> Label | None:
        """The label; `None` for a blank.

        Raises:
            UnknownLabel: the word is not known.
        """
        if value is None or value != value:  # noqa: PLR0124  # only NaN differs from itself
            return None
        word = word_of(value)
        if not word:
            return None
        if word not in self._words:
            raise UnknownLabel(word)
        return self._words[word]


def _own_words(mapping: Mapping[str, str]) -> dict[str, Label]:
    words: dict[str, Label] = {}
    for value, meaning in mapping.items():
        word, label = word_of(value), DEFAULT_WORDS.get(word_of(meaning))
        if label is None:
            raise InvalidInput(f"label_mapping[{value!r}] must be 'pass' or 'fail', got {meaning!r}")
        if words.get(word, label) is not label:
            raise InvalidInput(f"label_mapping maps {word!r} to pass and to fail")
        words[word] = label
    if not words or "" in words:
        raise InvalidInput("label_mapping must map at least one value, and no blank one")
    return words

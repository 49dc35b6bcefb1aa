"""A text as the offline model reads it: words, sentences, numbers."""

import re
from dataclasses import dataclass
from functools import cached_property

LONGEST_TEXT = 20_000
"""Characters that are read of one text."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|\n+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_NUMBER_NAMES = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_NUMBER_WORDS = {name: float(value) for value, name in enumerate(_NUMBER_NAMES, start=1)}
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_COMMON_WORDS = """
a about after again all also am an and any are as at be been before being but by can can't could did
do does doesn't doing don't each either even few for from further get got had has have having he her
here hers him his how i i'd i'll i'm i've if in into is isn't it it's its itself just let like may
me might more most much must my no nor not now of off on once only or other our ours out over own
per please same she should since so some such than that that's the their theirs them then there
there's these they this those through to too under until up us very was we we'd we'll we're we've
were what when where whether which while who whom why will with within without would yes yet you
you'd you'll you're you've your yours
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_ENDINGS = ("ation", "ments", "ment", "ings", "ing", "edly", "ies", "ied", "ed", "es", "ly", "s")
_SHORTEST_STEM = 3


def stem(word: str) -> str:
    """`word` without a common English ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def content_words(text: str) -> list[str]:
    """The stems of the words in `text` that carry meaning, in order, repeated as they are."""
    return [stem(word) for word in words_of(text) if len(word) > 2 and word not in _COMMON]


def words_of(text: str) -> list[str]:
    """All words of `text`, in lower case and with straight apostrophes."""
    return _WORD.findall(text.casefold().replace(_APOSTROPHE, "'"))


@dataclass(frozen=True)
class Text:
    """One text, read once."""

    raw: str

    @cached_property
    def lower(self) -> str:
        """In lower case, with straight apostrophes, at most `LONGEST_TEXT` characters."""
        return self.raw[:LONGEST_TEXT].casefold().replace(_APOSTROPHE, "'")

    @cached_property
    def words(self) -> list[str]:
        """All words."""
        return _WORD.findall(self.lower)

    @cached_property
    def content(self) -> list[str]:
        """The stems of the words that carry meaning."""
        return [stem(word) for word in self.words if len(word) > 2 and word not in _COMMON]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The distinct stems."""
        return frozenset(self.content)

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences and lines, in lower case."""
        return [part.strip() for part in _SENTENCE.split(self.lower) if part.strip()]

    @cached_property
    def sentence_words(self) -> list[frozenset[str]]:
        """The distinct stems of each sentence."""
        return [frozenset(content_words(sentence)) for sentence in self.sentences]

    @cached_property
    def numbers(self) -> list[float]:
        """Numbers in the order in which they stand; small ones may be written as words."""
        digits = [_value(number) for number in _NUMBER.findall(_THOUSANDS.sub("", self.lower))]
        return digits + [_NUMBER_WORDS[word] for word in self.words if word in _NUMBER_WORDS]


def _value(number: str) -> float:
    """12.50 and 12,50 are one number; of a date or a version the first two parts count."""
    whole, *rest = re.split(r"[.,]", number)
    return float(f"{whole[:12]}.{rest[0][:6]}") if rest else float(whole[:12])

"""What code checks measure of a text: in any language, in one pass, without a dictionary.

Words are runs of letters, digits and their marks; of scripts that are written without spaces each
character is one. Matching of words is by their case-folded forms.
"""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

_ALONE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # Chinese characters
)
"""Scripts without spaces between words."""

_JOINED = "'\u2019\u00b7"
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+(?:[{_JOINED}](?:(?![{_ALONE}])[^\W_])+)*")
_ENDS = re.compile(
    r"[.!?\u0964\u061f\u06d4]+[\"'\u2019\u201d\u00bb)\]]*(?=\s|$)|[\u3002\uff01\uff1f\uff61]+|\n\s*\n"
)
_NUMBER = re.compile(r"(?<![\w.,])[+-]?\d+(?:[.,'\u00a0\u202f]\d+)*(?!\w)|(?<=[^\W\d_])\d+|\d+(?=[^\W\d_])")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'\u00a0\u202f])\d{3})(?:\1\d{3})*")


def word_list(text: str) -> list[str]:
    """The words of `text`, case-folded, in order."""
    # Combined characters first, so that both ways to write an accent are one word.
    return [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def words(text: str) -> int:
    """How many words there are."""
    return len(word_list(text))


def sentences(text: str) -> int:
    """How many sentences there are: stretches with a word in them between full stops, question marks,
    exclamation marks and blank lines."""
    return sum(1 for part in _ENDS.split(text) if _WORD.search(part))


def lines(text: str) -> int:
    """How many lines there are that are not blank."""
    return sum(1 for line in text.splitlines() if line.strip())


def paragraphs(text: str) -> int:
    """How many blocks between blank lines there are."""
    return sum(1 for block in re.split(r"\n[ \t\r\f\v]*\n", text) if block.strip())


def fold(text: str) -> str:
    """`text` without differences of case and form, for comparisons."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def trim(text: str) -> str:
    """`text` without white space at its ends."""
    return text.strip()


def contains_any(text: str, parts: Sequence[str]) -> bool:
    """Whether one of `parts` stands in `text`, letter by letter."""
    return any(part in text for part in parts)


def contains_all(text: str, parts: Sequence[str]) -> bool:
    """Whether each of `parts` stands in `text`, letter by letter."""
    return all(part in text for part in parts)


def mentions(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text` in a row, as whole words, whatever their case."""
    return _mentions(_lined_up(text), phrase)


def mentions_any(text: str, phrases: Sequence[str]) -> bool:
    """Whether `text` mentions one of `phrases`."""
    own = _lined_up(text)
    return any(_mentions(own, phrase) for phrase in phrases)


def mentions_all(text: str, phrases: Sequence[str]) -> bool:
    """Whether `text` mentions each of `phrases`."""
    own = _lined_up(text)
    return all(_mentions(own, phrase) for phrase in phrases)


def _lined_up(text: str) -> str:
    return "\n" + "\n".join(word_list(text)) + "\n"


def _mentions(own: str, phrase: str) -> bool:
    wanted = _lined_up(phrase)
    return len(wanted) > 2 and wanted in own


def overlap(text: str, source: str) -> float:
    """The share of the different words of `text` that stand in `source`, in [0, 1]; 1 without words."""
    said = set(word_list(text))
    return len(said & set(word_list(source))) / len(said) if said else 1.0


def numbers(text: str) -> list[str]:
    """The numbers in `text`, each once, in plain form: `1,200.50` and `1.200,50` are `1200.5`."""
    return list(dict.fromkeys(_plain(match) for match in _NUMBER.findall(_ascii_digits(text))))


def new_numbers(text: str, source: str) -> list[str]:
    """The numbers in `text` that do not stand in `source`, whatever their sign and form."""
    known = {number.lstrip("+-") for number in numbers(source)}
    return [number for number in numbers(text) if number.lstrip("+-") not in known]


def _ascii_digits(text: str) -> str:
    """`text` with the digits of all scripts as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _plain(number: str) -> str:
    sign, digits = ("-", number[1:]) if number[0] == "-" else ("", number.lstrip("+"))
    whole = _whole_and_rest(digits)
    try:
        value = Decimal(whole).normalize()
    except InvalidOperation:
        return number
    return sign + f"{value:f}"


def _whole_and_rest(digits: str) -> str:
    """`digits` with a point before its fraction and no other mark.

    The last mark is the decimal one where two kinds stand in it, or where it groups no thousands.
    """
    marks = re.findall(r"[.,'\u00a0\u202f]", digits)
    if not marks:
        return digits
    last = marks[-1]
    is_grouping = len(set(marks)) == 1 and _GROUPED.fullmatch(digits) is not None
    if last not in ".," or is_grouping or marks.count(last) > 1:
        return re.sub(r"\D", "", digits)
    whole, _, fraction = digits.rpartition(last)
    return re.sub(r"\D", "", whole) + "." + fraction

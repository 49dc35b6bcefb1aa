"""Code checks by the offline model, for what a criterion says in so many words: lengths, forms, phrases."""

import json
import re
from collections.abc import Iterator

from optimizers.criteria.categories import DeltaCategory, category_of
from optimizers.offline.senses import named

_THINGS = {
    "word": "words(output)",
    "character": "size(output)",
    "letter": "size(output)",
    "sentence": "sentences(output)",
    "line": "lines(output)",
    "paragraph": "paragraphs(output)",
    "bullet": "size(listItems(output))",
    "item": "size(listItems(output))",
    "point": "size(listItems(output))",
    "heading": "size(headings(output))",
    "link": "size(links(output))",
}
_NAMED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_VALUES = {name: value for value, name in enumerate(_NAMED, start=1)}
_N = rf"(\d{{1,6}}|{'|'.join(_NAMED)})"
_THING = rf"(?:bullet |list )?({'|'.join(_THINGS)})s?\b"
_BETWEEN = re.compile(rf"\b(?:between )?{_N}\s*(?:-|to|and|or)\s*{_N}[ -]{_THING}", re.IGNORECASE)
_COUNTED = re.compile(
    rf"((?:\b[a-z]+ ){{0,4}}){_N}[ -](?:\w+ )?{_THING}(?: or (less|fewer|more))?", re.IGNORECASE
)
_MOST = re.compile(r"at most|no more than|not more than|up to|within|maximum|limit|not exceed", re.IGNORECASE)
_BELOW = re.compile(r"(?:fewer|less|shorter) than|under|below", re.IGNORECASE)
_LEAST = re.compile(r"at least|no fewer than|no less than|minimum", re.IGNORECASE)
_ABOVE = re.compile(r"(?:more|longer) than|over|above", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“']([^\"“”'\n]{2,60})[\"”']")

_FORMS = (
    (r"\bjson\b", ("isJson(output)",)),
    (r"\btable\b", ("tables(output) > 0",)),
    (
        r"\b(?:bullet|list items|numbered list)",
        ("size(listItems(output)) > 0", "size(listItems(output)) > 1"),
    ),
    (r"\bheadings?\b", ("size(headings(output)) > 0",)),
    (r"\bcode block", ("size(codeBlocks(output)) > 0",)),
)
"""What a form is recognised by, unless numbers say more."""

_SENSED = {
    "stray_numbers": ("size(newNumbers(output, input)) == 0", "size(newNumbers(output, input)) <= 1"),
    "unsupported": ("overlap(output, input) >= 0.3", "overlap(output, input) >= 0.2"),
    "length": ("words(output) <= 120", "words(output) <= 80", "words(output) <= 200"),
}
"""What comes near to a sense; the lines are drawn in different places."""


def checks_for(criterion: str) -> Iterator[str]:
    """Checks that come near to the criterion, the closest first; none where it takes understanding."""
    counted = [*_counted(criterion)]
    yield from counted
    if counted:
        return
    yield from _phrased(criterion)
    for pattern, checks in _FORMS:
        if re.search(pattern, criterion, re.IGNORECASE):
            yield from checks
    for sense in named(criterion):
        yield from _SENSED.get(sense.name, ())


def _counted(criterion: str) -> Iterator[str]:
    """Numbers of things, as they stand; upper bounds also with some leeway."""
    for low, high, thing in _BETWEEN.findall(criterion):
        what = _THINGS[thing.casefold()]
        yield f"{what} >= {_value(low)} && {what} <= {_value(high)}"
    if _BETWEEN.search(criterion):
        return
    for before, number, thing, after in _COUNTED.findall(criterion):
        what, value = _THINGS[thing.casefold()], _value(number)
        if _MOST.search(before) or after.casefold() in {"less", "fewer"}:
            yield from (f"{what} <= {value}", f"{what} <= {value + max(1, value // 5)}")
        elif _LEAST.search(before) or after.casefold() == "more":
            yield f"{what} >= {value}"
        elif _BELOW.search(before):
            yield f"{what} < {value}"
        elif _ABOVE.search(before):
            yield f"{what} > {value}"
        else:
            yield f"{what} == {value}"


def _value(number: str) -> int:
    return _VALUES.get(number.casefold()) or int(number)


def _phrased(criterion: str) -> Iterator[str]:
    """Quoted phrases that outputs must have, or must not have."""
    phrases = json.dumps(_QUOTED.findall(criterion), ensure_ascii=False)
    if phrases == "[]":
        return
    if category_of(criterion) is DeltaCategory.EXCLUSION:
        yield f"!mentionsAny(output, {phrases})"
    else:
        yield from (f"mentionsAll(output, {phrases})", f"mentionsAny(output, {phrases})")

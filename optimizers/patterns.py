"""The one guard around regular expressions that people and models write.

A pattern may not run away: not when it is compiled (a nested repetition is written out, and
`a{99999999}` takes a minute and gigabytes), nor when it is searched for. So its length and its
repetitions are bounded before it is compiled, and each search has a time limit.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from math import prod

import regex  # type: ignore[import-untyped]  # it has no stubs

from optimizers.errors import InvalidInput

LONGEST_PATTERN = 1_000
MOST_REPETITIONS = 20_000
"""Characters of a pattern, and the product of the counts in its braces: what it can be written out to."""

MOST_DEPTH = 50
"""Groups inside one another."""

PATTERN_TIMEOUT_S = 0.25
"""Time for one search; a sane pattern needs microseconds."""

_COUNTED = re.compile(r"\{(\d*)(?:,(\d*))?\}")


class PatternTimeout(Exception):
    """A search took longer than it may."""


class Pattern:
    """A compiled pattern whose searches end."""

    def __init__(self, compiled: "regex.Pattern[str]") -> None:
        self._compiled = compiled

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return int(self._compiled.groups)

    def first(self, text: str) -> "regex.Match[str] | None":
        """The first match in `text`.

        Raises:
            PatternTimeout: it takes too long.
        """
        try:
            return self._compiled.search(text, timeout=PATTERN_TIMEOUT_S)
        except TimeoutError:
            raise PatternTimeout(f"the pattern took more than {PATTERN_TIMEOUT_S} s") from None

    def count(self, text: str) -> int:
        """How many matches `text` holds that do not overlap.

        Raises:
            PatternTimeout: it takes too long.
        """
        return sum(1 for _ in self._all(text))

    def _all(self, text: str) -> Iterator["regex.Match[str]"]:
        try:
            yield from self._compiled.finditer(text, timeout=PATTERN_TIMEOUT_S)
        except TimeoutError:
            raise PatternTimeout(f"the pattern took more than {PATTERN_TIMEOUT_S} s") from None


@lru_cache(maxsize=256)
def guarded(pattern: str) -> Pattern:
    """`pattern`, compiled.

    Raises:
        InvalidInput: it is not a regular expression, or too long, too deep, or repeats too much.
    """
    _check_size(pattern)
    try:
        return Pattern(regex.compile(pattern))
    except regex.error as error:
        raise InvalidInput(f"pattern is not a regular expression: {error}, got {pattern!r}") from None
    except (RecursionError, MemoryError, OverflowError):
        raise InvalidInput(f"pattern is too large, got {pattern[:80]!r}") from None


def _check_size(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidInput(f"pattern must have at most {LONGEST_PATTERN} characters, got {len(pattern)}")
    counts = [_most(match) for match in _COUNTED.finditer(pattern)]
    if prod(counts) > MOST_REPETITIONS:
        raise InvalidInput(
            f"pattern must repeat at most {MOST_REPETITIONS} times (its counts in braces multiplied), "
            f"got {pattern[:80]!r}"
        )
    if _depth(pattern) > MOST_DEPTH:
        raise InvalidInput(f"pattern must nest at most {MOST_DEPTH} groups, got {pattern[:80]!r}")


def _most(counted: re.Match[str]) -> int:
    # Cut before it is read: Python refuses to read a number of thousands of digits.
    return max([1, *(int(digits[:9]) for digits in counted.groups() if digits)])


def _depth(pattern: str) -> int:
    depth = deepest = 0
    for character in re.sub(r"\\.", "", pattern, flags=re.DOTALL):
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest

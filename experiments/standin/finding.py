"""Which of a file's rows a prompt holds, whatever quotes and escapes them.

A row is there where its output follows its input closely. Rows of one input are told apart by what
follows: the output that begins first, and of those the longest, so that a short output is not found
within a longer one, nor in an input that quotes it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from experiments.standin.rows import WorldRow

_GAPS = re.compile(r"(?:\\[nrt\"']|\W)+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_ANCHOR = 200  # characters of an input by which it is recognized
_BETWEEN = 120  # characters that may stand between an input and its output
_ENOUGH = 150  # characters of an output that was cut by which it is recognized


def plain(text: str) -> str:
    """Words only, so that quoting and escaping (repr, JSON, Markdown) hide no row."""
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return _GAPS.sub(" ", text).strip()


class RowFinder:
    """Finds `rows` in texts."""

    def __init__(self, rows: Sequence[WorldRow]) -> None:
        self._rows = [(row, plain(row.input), plain(row.output)) for row in rows]
        self._order = {row.id: place for place, row in enumerate(rows)}
        inputs: dict[str, list[tuple[str, WorldRow]]] = defaultdict(list)
        for row, asked, said in self._rows:
            inputs[asked].append((f" {said} ", row))
        self._anchors: dict[str, list[tuple[str, list[tuple[str, WorldRow]]]]] = defaultdict(list)
        for asked, answers in inputs.items():
            self._anchors[f" {asked[:_ANCHOR]}".rstrip()].append((f" {asked}", answers))

    def all_in(self, text: str) -> tuple[WorldRow, ...]:
        """The rows in `text`, in the file's order."""
        words = f" {plain(text)} "
        found = {row.id: row for _, row in self._places(words)}
        found = found or {row.id: row for row, asked, said in self._rows if said in words and asked in words}
        return tuple(sorted(found.values(), key=lambda row: self._order[row.id]))

    def last_in(self, text: str) -> WorldRow | None:
        """The row whose output stands last in `text`."""
        words = f" {plain(text)} "
        places = list(self._places(words))
        if places:
            return max(places, key=lambda place: place[0])[1]
        apart = [(words.rfind(said), len(said), row) for row, asked, said in self._rows if asked in words]
        apart = [place for place in apart if place[0] >= 0]
        return max(apart, key=lambda place: place[:2])[2] if apart else None

    def _places(self, words: str) -> Iterator[tuple[int, WorldRow]]:
        """Each row with the place of its output."""
        for anchor, inputs in self._anchors.items():
            at = words.find(anchor)
            while at >= 0:
                for asked, answers in inputs:
                    place = _after(words, at, asked, answers)
                    if place is not None:
                        yield place
                at = words.find(anchor, at + len(anchor))


def _after(
    words: str, at: int, asked: str, answers: Sequence[tuple[str, WorldRow]]
) -> tuple[int, WorldRow] | None:
    """Which of `answers` follows the input `asked` that begins at `at`."""
    whole = words.startswith(asked + " ", at)
    start = at + len(asked) if whole else at + _ANCHOR
    if not whole and len(asked) <= _ANCHOR:
        return None  # another text with the same beginning
    slack = _BETWEEN if whole else len(asked) + _BETWEEN
    found = []
    for said, row in answers:
        known = said if whole else said[:_ENOUGH]
        place = words.find(known, start, start + slack + len(known))
        if place >= 0:
            found.append((place if whole else 0, -len(said), place, row))
    if not found:
        return None
    best = min(found, key=lambda one: one[:3])
    return best[2], best[3]

"""Rows that repeat each other's texts: what is learned from must not be what is measured on."""

from collections import Counter
from collections.abc import Iterable, Sequence

from optimizers.types import LabelledExample

LONG_OUTPUT = 40
"""Characters from which one output text in two rows is a copy, not a coincidence ("Yes.")."""

COMMON_INPUT = 0.5
LEAST_COMMON = 10
"""Share of all rows, and number of them, from which on an input is the one question that the dataset
asks: it says nothing about which rows belong together. Named groups do."""


def apart(rows: Iterable[LabelledExample], others: Iterable[LabelledExample]) -> tuple[LabelledExample, ...]:
    """Those of `rows` that share no group, no input and no long output with one of `others`.

    Texts are compared without regard to case and white space; an empty input ties nothing. Exact
    copies of an input are one group and lie in one part already; these are the copies that differ by
    a space or a capital, and the answers that were given to several inputs. An input that most rows
    share ties none of them; see `COMMON_INPUT`.
    """
    rows, others = tuple(rows), tuple(others)
    groups = {row.example.group_key for row in others if _is_tied(row)}
    texts = {text for row in others for text in _texts(row)} - _common([*rows, *others])
    return tuple(
        row
        for row in rows
        if not (_is_tied(row) and row.example.group_key in groups) and texts.isdisjoint(_texts(row))
    )


def _common(rows: Sequence[LabelledExample]) -> set[tuple[str, str]]:
    counts = Counter(text for row in rows for text in _texts(row) if text[0] == "input")
    return {text for text, n in counts.items() if n >= max(LEAST_COMMON, COMMON_INPUT * len(rows))}


def _is_tied(row: LabelledExample) -> bool:
    return row.example.group is not None or bool(row.example.input.strip())


def _texts(row: LabelledExample) -> Iterable[tuple[str, str]]:
    given, answer = (" ".join(text.casefold().split()) for text in (row.example.input, row.example.output))
    if given:
        yield "input", given
    if len(answer) >= LONG_OUTPUT:
        yield "output", answer

"""Rows that repeat each other's texts: what is learned from must not be what is measured on."""

from collections.abc import Iterable

from optimizers.types import LabelledExample

LONG_OUTPUT = 40
"""Characters from which one output text in two rows is a copy, not a coincidence ("Yes.")."""


def apart(rows: Iterable[LabelledExample], others: Iterable[LabelledExample]) -> tuple[LabelledExample, ...]:
    """Those of `rows` that share no group, no input and no long output with one of `others`.

    Texts are compared without regard to case and white space; an empty input ties nothing. Exact
    copies of an input are one group and lie in one part already; these are the copies that differ by
    a space or a capital, and the answers that were given to several inputs.
    """
    others = tuple(others)
    groups = {row.example.group_key for row in others if _is_tied(row)}
    texts = {text for row in others for text in _texts(row)}
    return tuple(
        row
        for row in rows
        if not (_is_tied(row) and row.example.group_key in groups) and texts.isdisjoint(_texts(row))
    )


def _is_tied(row: LabelledExample) -> bool:
    return row.example.group is not None or bool(row.example.input.strip())


def _texts(row: LabelledExample) -> Iterable[tuple[str, str]]:
    given, answer = (" ".join(text.casefold().split()) for text in (row.example.input, row.example.output))
    if given:
        yield "input", given
    if len(answer) >= LONG_OUTPUT:
        yield "output", answer

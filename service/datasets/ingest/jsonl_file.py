"""JSONL: one object a line."""

import json
from collections.abc import Iterator
from typing import TextIO

from optimizers.errors import RowProblem
from service.datasets.ingest.rows import Record, shown

LINE_MAX_CHARS = 16 * 1024 * 1024
ALLOWED = "one JSON object"


def read_jsonl(text: TextIO) -> Iterator[Record | RowProblem]:
    """One record a line; blank lines are passed over, a broken one is a problem."""
    for line, content in enumerate(_lines(text), 1):
        if content is None:
            yield _problem(line, "", f"the line is longer than {LINE_MAX_CHARS:,} characters")
        elif content.strip():
            yield _parse(line, content)


def _lines(text: TextIO) -> Iterator[str | None]:
    """The lines; `None` for one that is too long, whose rest is passed over."""
    while content := text.readline(LINE_MAX_CHARS):
        if len(content) < LINE_MAX_CHARS or content.endswith("\n"):
            yield content
            continue
        while content and not content.endswith("\n"):
            content = text.readline(LINE_MAX_CHARS)
        yield None


def _parse(line: int, content: str) -> Record | RowProblem:
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return _problem(line, content, f"this is not JSON: {error.msg} (column {error.colno})")
    except (ValueError, RecursionError) as error:  # a constant, a number of 5,000 digits, deep nesting
        return _problem(line, content, f"this is not JSON that can be read: {error}")
    if not isinstance(value, dict):
        return _problem(line, content, "this is JSON, but not an object")
    return Record(line=line, cells=value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _problem(line: int, value: str, message: str) -> RowProblem:
    return RowProblem(line=line, column="", value=shown(value.strip()), message=message, allowed=ALLOWED)

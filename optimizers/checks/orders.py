"""What runner and worker say to each other: one JSON line an order, one line an answer."""

import json
from collections.abc import Sequence

READY = b"ready\n"
"""What the worker says once it can take orders."""

PASSED, FAILED = b"1\n", b"0\n"


def verify_order(expression: str) -> bytes:
    """Compile an expression and try it on samples. Answered by one JSON object, empty if all is well."""
    return json.dumps({"verify": expression}).encode() + b"\n"


def evaluate_order(expression: str, rows: Sequence[tuple[str, str]]) -> bytes:
    """Evaluate an expression on rows of input and output. Answered by one line a row."""
    return json.dumps({"check": expression, "rows": rows}).encode() + b"\n"


def problem(message: str) -> bytes:
    """The answer for a row for which the expression has no value."""
    return b"E" + json.dumps(message).encode() + b"\n"


def cell_of(line: bytes) -> bool | str:
    """Whether a row passes, or why the expression has no value for it."""
    return json.loads(line[1:]) if line[:1] == b"E" else line == PASSED[:1]

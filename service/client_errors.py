"""What the client raises.

::

    ClientError
    ├── Unreachable        no server answers at the address
    └── Refused            the server answered with problem details (RFC 9457)
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ClientError(Exception):
    """Base of the errors that the client raises on purpose."""


class Unreachable(ClientError):
    """No server answers at the address, or the connection broke."""


class Refused(ClientError):
    """The server refused a request, and said why.

    `status` is the HTTP status, `code` a word for programs, `problems` the refused rows of a
    dataset (line, column, value, message, allowed) where there are any, `body` everything it said.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.body = dict(body)
        self.code = str(body.get("code", ""))
        self.title = str(body.get("title", f"HTTP {status}"))
        self.detail = str(body.get("detail", ""))
        self.problems: Sequence[Mapping[str, Any]] = body.get("problems") or body.get("errors") or ()
        super().__init__(self._message())

    def _message(self) -> str:
        text = (
            f"{self.title} ({self.status}): {self.detail}" if self.detail else f"{self.title} ({self.status})"
        )
        return "\n".join([text, *(f"  {problem_line(problem)}" for problem in self.problems[:10])])


def problem_line(problem: Mapping[str, Any]) -> str:
    """One refused row, or one wrong field, as a line of text."""
    if "line" not in problem:
        return ", ".join(f"{name} {value}" for name, value in problem.items())
    return (
        f"line {problem['line']}, column {problem.get('column')!r}, value {problem.get('value')!r}: "
        f"{problem.get('message')} (allowed: {problem.get('allowed')})"
    )

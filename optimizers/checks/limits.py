"""What an expression may be before anything parses it: short, shallow, and with few loops.

The parser bounds nesting (32 levels) and the interpreter iterations by itself; these limits keep
expressions readable and refuse early, with a position, what could only be meant to harm.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from optimizers.errors import CheckRefused

LONGEST_EXPRESSION = 2_000
LONGEST_LITERAL = 1_000
MOST_TOKENS = 600
MOST_MACROS = 6
MOST_MACRO_DEPTH = 2
MOST_DEPTH = 20

_MACROS = frozenset(("all", "exists", "exists_one", "map", "filter", "existsOne", "transformList"))
_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<string>[bB]?[rR]?[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<other>\S)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A word of the expression: its kind, its text, and where it begins."""

    kind: str
    text: str
    at: int


def tokens(expression: str) -> Iterator[Token]:
    """The words of `expression`, without comments and white space."""
    for match in _TOKEN.finditer(expression):
        kind = match.lastgroup or "other"
        if kind != "comment":
            yield Token(kind=kind, text=match.group(), at=match.start())


def check_limits(expression: str) -> None:
    """Refuse an expression that is too large.

    Raises:
        CheckRefused: it is; the message says what is allowed, and the position where it is exceeded.
    """
    if not expression.strip():
        raise refused(expression, 0, "the expression is empty")
    if len(expression) > LONGEST_EXPRESSION:
        reason = f"at most {LONGEST_EXPRESSION} characters are allowed, got {len(expression)}"
        raise refused(expression, LONGEST_EXPRESSION, reason)
    counter = _Counter(expression)
    for token in tokens(expression):
        counter.take(token)


def refused(expression: str, at: int, reason: str) -> CheckRefused:
    """A refusal at the character `at` of `expression`."""
    before = expression[:at]
    line = before.count("\n") + 1
    return CheckRefused(expression, line=line, column=at - (before.rfind("\n") + 1) + 1, reason=reason)


class _Counter:
    """Counts what is limited, token by token."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = 0
        self._macros = 0
        self._open: list[bool] = []  # for each bracket that is open: whether it is a macro's
        self._last: list[str] = ["", ""]

    def take(self, token: Token) -> None:
        self._tokens += 1
        self._check(token, self._tokens <= MOST_TOKENS, f"at most {MOST_TOKENS} words are allowed")
        if token.kind == "string":
            allowed = f"a text may have at most {LONGEST_LITERAL} characters"
            self._check(token, len(token.text) <= LONGEST_LITERAL, allowed)
        elif token.kind == "open":
            self._opened(token)
        elif token.kind == "close" and self._open:
            self._open.pop()
        self._last = [self._last[1], token.text]

    def _opened(self, token: Token) -> None:
        is_macro = token.text == "(" and self._last[0] == "." and self._last[1] in _MACROS
        self._open.append(is_macro)
        self._macros += is_macro
        self._check(token, len(self._open) <= MOST_DEPTH, f"at most {MOST_DEPTH} brackets may be nested")
        self._check(token, self._macros <= MOST_MACROS, f"at most {MOST_MACROS} loops are allowed")
        allowed = f"at most {MOST_MACRO_DEPTH} loops may be nested"
        self._check(token, sum(self._open) <= MOST_MACRO_DEPTH, allowed)

    def _check(self, token: Token, holds: bool, allowed: str) -> None:
        if not holds:
            raise refused(self._expression, token.at, allowed)

"""The language of code checks: CEL, Google's Common Expression Language, with functions for texts.

A check is an expression over `input` and `output` that is true where the output meets the criterion.
It is compiled by Google's own runtime, which checks types beforehand, bounds nesting and iterations,
and matches regular expressions in linear time (RE2); there are no attributes, imports or assignments
to play tricks with. This module runs in the process of `worker` alone.
"""

import importlib
import json
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from optimizers.checks import text
from optimizers.checks.limits import Token, check_limits, refused, tokens
from optimizers.errors import CheckRefused
from optimizers.patterns import PatternTimeout, guarded

_TEXT, _TEXTS = cel.Type.STRING, cel.Type.List(cel.Type.STRING)
_BOOL, _INT, _DOUBLE, _ANY = cel.Type.BOOL, cel.Type.INT, cel.Type.DOUBLE, cel.Type.DYN
_OBJECT = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)

_REASON = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_KINDS = {"INT": "a number", "DOUBLE": "a number", "STRING": "a text", "DYN": "of unknown kind"}

# What a function gets and returns is CEL's: texts, numbers, lists and maps of them.
Implementation = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class _Function:
    """A function by its name in the language, what it takes and gives, and what does it."""

    name: str
    takes: tuple[cel.Type, ...]
    gives: cel.Type
    does: Implementation


_LATE: dict[str, str] = {}
"""The module of each function whose module is imported by `preload`: most checks need neither the Markdown
parser nor JSON Schema, whose import takes longer than a thousand checks."""


def _late(name: str, module: str, attribute: str) -> Implementation:
    _LATE[name] = f"optimizers.checks.{module}"

    def call(*arguments: object) -> object:
        return getattr(importlib.import_module(_LATE[name]), attribute)(*arguments)

    return call


def preload(expression: str) -> None:
    """Import what the functions of `expression` need, before its time is counted."""
    for name, module in _LATE.items():
        if name in expression:
            importlib.import_module(module)


_fits_schema = _late("fitsSchema", "schemas", "fits_schema")


def _fits_object(given: str, schema: dict[str, object]) -> object:
    return _fits_schema(given, json.dumps(schema))


def _count(given: str, pattern: str) -> int:
    """A count that runs away ends the process as its CPU clock would: on a busy machine the pattern's own
    clock, which counts the time of others too, may strike first."""
    try:
        return guarded(pattern).count(given)
    except PatternTimeout:
        signal.raise_signal(signal.SIGPROF)
        raise


def _is_json(given: str) -> bool:
    try:
        json.loads(given)
    except (ValueError, RecursionError):
        return False
    return True


_FUNCTIONS = (
    _Function(name="words", takes=(_TEXT,), gives=_INT, does=text.words),
    _Function(name="sentences", takes=(_TEXT,), gives=_INT, does=text.sentences),
    _Function(name="lines", takes=(_TEXT,), gives=_INT, does=text.lines),
    _Function(name="paragraphs", takes=(_TEXT,), gives=_INT, does=text.paragraphs),
    _Function(name="fold", takes=(_TEXT,), gives=_TEXT, does=text.fold),
    _Function(name="trim", takes=(_TEXT,), gives=_TEXT, does=text.trim),
    _Function(name="containsAny", takes=(_TEXT, _TEXTS), gives=_BOOL, does=text.contains_any),
    _Function(name="containsAll", takes=(_TEXT, _TEXTS), gives=_BOOL, does=text.contains_all),
    _Function(name="mentions", takes=(_TEXT, _TEXT), gives=_BOOL, does=text.mentions),
    _Function(name="mentionsAny", takes=(_TEXT, _TEXTS), gives=_BOOL, does=text.mentions_any),
    _Function(name="mentionsAll", takes=(_TEXT, _TEXTS), gives=_BOOL, does=text.mentions_all),
    _Function(name="count", takes=(_TEXT, _TEXT), gives=_INT, does=_count),
    _Function(name="overlap", takes=(_TEXT, _TEXT), gives=_DOUBLE, does=text.overlap),
    _Function(name="numbers", takes=(_TEXT,), gives=_TEXTS, does=text.numbers),
    _Function(name="newNumbers", takes=(_TEXT, _TEXT), gives=_TEXTS, does=text.new_numbers),
    _Function(name="isJson", takes=(_TEXT,), gives=_BOOL, does=_is_json),
    _Function(name="json", takes=(_TEXT,), gives=_ANY, does=json.loads),
    _Function(name="fitsSchema", takes=(_TEXT, _TEXT), gives=_BOOL, does=_fits_schema),
    _Function(name="fitsSchema", takes=(_TEXT, _OBJECT), gives=_BOOL, does=_fits_object),
    _Function(name="headings", takes=(_TEXT,), gives=_TEXTS, does=_late("headings", "markdown", "headings")),
    _Function(
        name="listItems", takes=(_TEXT,), gives=_TEXTS, does=_late("listItems", "markdown", "list_items")
    ),
    _Function(
        name="codeBlocks", takes=(_TEXT,), gives=_TEXTS, does=_late("codeBlocks", "markdown", "code_blocks")
    ),
    _Function(name="links", takes=(_TEXT,), gives=_TEXTS, does=_late("links", "markdown", "links")),
    _Function(name="tables", takes=(_TEXT,), gives=_INT, does=_late("tables", "markdown", "tables")),
)


def _declared() -> list[cel.FunctionDecl]:
    """Each function in both spellings: `words(output)` and `output.words()`."""
    by_name: dict[str, list[cel.Overload]] = {}
    for number, own in enumerate(_FUNCTIONS):
        by_name.setdefault(own.name, []).extend(
            cel.Overload(
                f"{own.name}_{number}_{'member' if is_member else 'plain'}",
                return_type=own.gives,
                parameters=list(own.takes),
                is_member=is_member,
                impl=own.does,
            )
            for is_member in (True, False)
        )
    return [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()]


_ENVIRONMENT = cel.NewEnv(variables={"input": _TEXT, "output": _TEXT}, functions=_declared())


class NotEvaluated(Exception):
    """The expression has no value for this row; the message says why."""


class CompiledCheck:
    """An expression that is ready to be evaluated.

    Raises:
        CheckRefused: it cannot be used.
    """

    def __init__(self, expression: str) -> None:
        check_limits(expression)
        self._expression = _compiled(expression)
        for token in tokens(expression):
            if token.kind == "string":
                _check_pattern(expression, token)

    def passes(self, given: str, answer: str) -> bool:
        """Whether the output `answer` to the input `given` meets the check.

        Raises:
            NotEvaluated: the expression has an error for this row.
        """
        try:
            value = self._expression.eval(data={"input": _clean(given), "output": _clean(answer)}).value()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise NotEvaluated(_said(str(error))) from None
        if not isinstance(value, bool):
            raise NotEvaluated(_said(str(value)))
        return value


def _compiled(expression: str) -> cel.Expression:
    try:
        compiled = _ENVIRONMENT.compile(expression)
    except (RuntimeError, ValueError) as error:
        raise _refusal(expression, str(error)) from None
    kind = compiled.return_type().name()
    if kind != "BOOL":
        reason = f"the expression must be true or false, it is {_KINDS.get(kind, kind.lower())}"
        raise refused(expression, 0, reason)
    return compiled


def _refusal(expression: str, message: str) -> CheckRefused:
    found = _REASON.search(message)
    if found is None or int(found[1]) < 1:
        reason = "it is nested too deeply" if "recursion" in message else _said(message)
        return CheckRefused(expression, line=1, column=1, reason=reason)
    reason = found[3].removesuffix(" [INVALID_ARGUMENT]")
    return CheckRefused(expression, line=int(found[1]), column=int(found[2]), reason=reason)


def _check_pattern(expression: str, token: Token) -> None:
    """Refuse a regular expression that is none, also where no row of a trial reaches it."""
    before = expression[: token.at].rstrip()
    if not re.search(r"\bmatches\($|\bcount\($|\b(?:matches|count)\([\w.]+,$", before):
        return
    tried = _ENVIRONMENT.compile(f'"".matches({token.text})').eval(data={}).value()
    if isinstance(tried, str):
        raise refused(expression, token.at, _said(tried))


def _clean(given: str) -> str:
    """`given` without what the runtime cannot hold: it would cut a text at a NUL."""
    return given.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _said(message: str) -> str:
    """The runtime's message without its codes."""
    text_ = re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", message.strip())
    return re.sub(r"\s+", " ", text_)[:300] or "it has no value"

"""Which column plays which part: by its name, or as the request says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optimizers.errors import InvalidInput

KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "example_id", "row_id", "uid"),
    "input": ("input", "prompt", "question", "query", "instruction", "request", "user_input"),
    "output": ("output", "response", "answer", "completion", "reply", "model_output", "generation"),
    "label": ("label", "human_label", "gold_label", "gold", "judgement", "judgment", "verdict", "grade"),
    "critique": ("critique", "feedback", "comment", "comments", "explanation", "reason", "notes"),
    "group": ("group", "group_id", "cluster"),
    "labels": ("labels", "annotations"),
    "criterion": ("criterion",),
}
"""Names by role, first choice first. `labels` holds an object {annotator: label}."""

REQUIRED = ("input", "output")
MUST_BE_CLEAR = ("input", "output", "label")
"""Roles where a guess between two columns would be worse than a question."""
ANNOTATOR = re.compile(r"annotator[_ .:-]+(.+)", re.IGNORECASE | re.DOTALL)
ANNOTATORS = "annotators"


@dataclass(frozen=True, kw_only=True)
class ColumnRequest:
    """What a request says about columns: role to header, annotator to header.

    A role that maps to `None` is not read at all; roles that are not named are found by name.
    """

    roles: Mapping[str, str | None] = field(default_factory=dict)
    annotators: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, value: Mapping[str, object] | None) -> "ColumnRequest":
        """From JSON: `{"input": "question", "label": null, "annotators": {"anna": "rater 1"}}`.

        Raises:
            InvalidInput: a role is unknown, or a header is not text.
        """
        roles: dict[str, str | None] = {}
        annotators: dict[str, str] | None = None
        for role, header in (value or {}).items():
            if role == ANNOTATORS:
                annotators = _annotator_headers(header)
            elif role not in KNOWN_NAMES:
                allowed = ", ".join((*KNOWN_NAMES, ANNOTATORS))
                raise InvalidInput(f"columns has the unknown role {role!r}; allowed: {allowed}")
            elif header is not None and not isinstance(header, str):
                raise InvalidInput(f"columns[{role!r}] must be the name of a column, got {header!r}")
            else:
                roles[role] = header
        return cls(roles=roles, annotators=annotators)


def _annotator_headers(value: object) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(h, str) for h in value.values()):
        return {str(name): str(header) for name, header in value.items()}
    raise InvalidInput(f"columns['annotators'] must map annotators to names of columns, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What was understood: role to header, annotator to header, and headers that are not read."""

    roles: Mapping[str, str]
    annotators: Mapping[str, str]
    ignored: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Required roles that no column plays, and those that the request gave to a column that is not
    there, each with what is allowed."""
    unclear: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Roles that several columns could play."""


def understand(headers: Sequence[str], request: ColumnRequest) -> Columns:
    """Give each role its column, as asked or by name; an exact name wins over its synonyms."""
    by_name: dict[str, str] = {}
    for header in headers:
        by_name.setdefault(_plain(header), header)
    roles, unclear = _roles(by_name, request)
    annotators = _annotators(headers, request, taken=set(roles.values()))
    read = {*roles.values(), *annotators.values()}
    return Columns(
        roles=roles,
        annotators=annotators,
        ignored=tuple(h for h in headers if h not in read),
        missing=_missing(by_name, request, found={*roles, *unclear}),
        unclear=unclear,
    )


def roles_found(headers: Sequence[str], request: ColumnRequest) -> int:
    """How many roles these headers fill: of several ways to cut a line, the right one fills most."""
    columns = understand(headers, request)
    return len(columns.roles) + len(columns.annotators) + len(columns.unclear)


def _missing(by_name: Mapping[str, str], request: ColumnRequest, found: set[str]) -> dict[str, str]:
    asked = {role: header for role, header in request.roles.items() if header is not None}
    asked |= {f"annotator {name}": header for name, header in (request.annotators or {}).items()}
    vain = {
        role: f"a column that is there (the request names {header!r})"
        for role, header in asked.items()
        if _plain(header) not in by_name
    }
    names = {role: f"{', '.join(KNOWN_NAMES[role])}; or name it in columns" for role in REQUIRED}
    return {role: allowed for role, allowed in names.items() if role not in found} | vain


def _plain(header: str) -> str:
    return re.sub(r"[\s_.-]+", "_", header.strip()).casefold()


def _roles(
    by_name: Mapping[str, str], request: ColumnRequest
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    roles = {
        role: by_name[_plain(header)]
        for role, header in request.roles.items()
        if header is not None and _plain(header) in by_name
    }
    unclear: dict[str, tuple[str, ...]] = {}
    for role, names in KNOWN_NAMES.items():
        found = [by_name[n] for n in names if n in by_name and by_name[n] not in roles.values()]
        if role in request.roles or not found:
            continue
        if role in MUST_BE_CLEAR and len(found) > 1 and names[0] not in by_name:
            unclear[role] = tuple(found)
        else:
            roles[role] = found[0]
    return roles, unclear


def _annotators(headers: Sequence[str], request: ColumnRequest, taken: set[str]) -> dict[str, str]:
    if request.annotators is not None:
        by_name = {_plain(h): h for h in headers}
        return {n: by_name[_plain(h)] for n, h in request.annotators.items() if _plain(h) in by_name}
    named = ((ANNOTATOR.fullmatch(h.strip()), h) for h in headers if h not in taken)
    return {match[1].strip(): header for match, header in named if match}

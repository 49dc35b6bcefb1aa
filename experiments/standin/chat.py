"""What a chat request asks for, and how an answer is written in the form that it asks for.

It understands DSPy's chat and JSON adapters, JSON schemas, JSON described in words, and plain text.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Form(Enum):
    """The form of an answer."""

    SECTIONS = "sections"  # DSPy's [[ ## field ## ]]
    JSON = "json"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """An output field that is asked for. `type` is the annotation as it was written (`str`, `list[str]`).

    `parts` are the fields, with their types, of an object or of each object in a list, where a schema
    names them.
    """

    name: str
    type: str = "str"
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """The messages as (role, text), and what is asked for.

    `sample` tells answers to one and the same request apart, where chance has a say (a temperature
    above 0).
    """

    messages: tuple[tuple[str, str], ...]
    form: Form
    fields: tuple[Field, ...]
    sample: str = ""

    @property
    def final(self) -> str:
        """The last message's text."""
        return self.messages[-1][1] if self.messages else ""

    @property
    def text(self) -> str:
        """All messages' text."""
        return "\n\n".join(text for _, text in self.messages)

    def asks_for(self, name: str) -> bool:
        """Whether a field of this name is asked for."""
        return any(field.name == name for field in self.fields)


_REMINDER = re.compile(
    r"Respond with (?:the corresponding output fields, starting with the field"
    r"|a JSON object in the following order of fields:) (.*)\Z",
    re.DOTALL,
)
_REMINDED = re.compile(
    r"`(?:\[\[ ## )?(\w+)(?: ## \]\])?`"
    r"(?: \(must be formatted as a valid Python ([^()]*(?:\([^()]*\))?[^()]*)\))?"
)
_LISTED = re.compile(r"Your output fields are:\n((?:\d+\. `\w+` \(.*\n?)+)")
_LISTED_FIELD = re.compile(r"\d+\. `(\w+)` \((.*?)\):")
_NAMED_IN_JSON = re.compile(r"""["`'](\w+)["`'](\s*:\s*(\[)?)?""")


def read_request(body: Mapping[str, object]) -> ChatRequest:
    """Understand the body of POST /v1/chat/completions.

    Raises: ValueError, when `messages` is not a list of messages.
    """
    raw = body.get("messages")
    if not isinstance(raw, list) or not raw:
        raise ValueError("messages must be a non-empty list")
    messages = tuple((str(m.get("role", "user")), _text(m.get("content"))) for m in raw)
    form, fields = _requested(messages, body.get("response_format"))
    return ChatRequest(messages=messages, form=form, fields=fields)


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def _requested(
    messages: Sequence[tuple[str, str]], response_format: object
) -> tuple[Form, tuple[Field, ...]]:
    final, first = messages[-1][1], messages[0][1]
    reminder = _REMINDER.search(final)
    if reminder:
        form = Form.SECTIONS if "`[[ ## completed ## ]]`" in reminder[1] else Form.JSON
        found = (Field(name=name, type=kind or "str") for name, kind in _REMINDED.findall(reminder[1]))
        return form, tuple(field for field in found if field.name != "completed")
    schema = _schema_fields(response_format)
    if schema:
        return Form.JSON, schema
    listed = _LISTED.search(first)
    if listed:
        form = Form.SECTIONS if "[[ ## completed ## ]]" in first else Form.JSON
        return form, tuple(Field(name=n, type=t) for n, t in _LISTED_FIELD.findall(listed[1]))
    return _described(messages, wants_json=isinstance(response_format, dict))


def _schema_fields(response_format: object) -> tuple[Field, ...]:
    if not isinstance(response_format, dict):
        return ()
    schema = response_format.get("json_schema", {}).get("schema", {})
    known = schema.get("$defs", {})
    found = ((name, _resolved(form, known)) for name, form in schema.get("properties", {}).items())
    return tuple(
        Field(name=name, type=_type(form), parts=_parts(_resolved(form.get("items", form), known)))
        for name, form in found
    )


_JSON_TYPES = {"array": "list", "number": "float", "integer": "int", "boolean": "bool", "object": "dict"}


def _type(form: Mapping[str, Any]) -> str:
    if "enum" in form:
        return f"Literal{form['enum']}"
    kinds = [form.get("type"), *(one.get("type") for one in form.get("anyOf", ()))]
    return next((_JSON_TYPES[kind] for kind in kinds if kind in _JSON_TYPES), "str")


def _resolved(form: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = form.get("$ref")
    return known.get(reference.rsplit("/", 1)[-1], {}) if reference else form


def _parts(form: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _type(part)) for name, part in form.get("properties", {}).items())


def _described(messages: Sequence[tuple[str, str]], *, wants_json: bool) -> tuple[Form, tuple[Field, ...]]:
    """Fields of an example with a list of objects, or those named in quotes within the 300 characters after
    the last mention of JSON."""
    for text in (messages[-1][1], messages[0][1]):
        at = text.rfind("JSON")
        if at < 0:
            continue
        example = _by_example(text[at:])
        if example:
            return Form.JSON, example
        found: dict[str, Field] = {}
        for name, _, is_list in _NAMED_IN_JSON.findall(text[max(0, at - 60) : at + 300]):
            if name not in {"input", "output", "pass", "fail"}:
                found.setdefault(name, Field(name=name, type="list" if is_list else "str"))
        if found:
            return Form.JSON, tuple(found.values())
    return (Form.JSON if wants_json else Form.PLAIN), ()


_EXAMPLE = re.compile(r"JSON object: (?=\{)")


def _by_example(text: str) -> tuple[Field, ...]:
    """The fields of `JSON object: {...}`, where one of them lists objects, whose parts are told apart."""
    start = _EXAMPLE.match(text)
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start.end()) if start else ({}, 0)
    except ValueError:
        return ()
    listed = {name: held[0] for name, held in value.items() if isinstance(held, list) and held}
    if not any(isinstance(item, dict) for item in listed.values()):
        return ()
    return tuple(
        Field(name=name, type="list" if name in listed else "str", parts=_parts_of(listed.get(name)))
        for name in value
    )


def _parts_of(item: object) -> tuple[tuple[str, str], ...]:
    fields = item if isinstance(item, dict) else {}
    return tuple((name, "list" if isinstance(held, list) else "str") for name, held in fields.items())


def write_answer(request: ChatRequest, plain: str, value: Callable[[Field], object]) -> str:
    """The answer in the form that `request` asks for: `value` fills each field, `plain` is for plain text."""
    if request.form is Form.PLAIN or not request.fields:
        return plain
    values = {field.name: value(field) for field in request.fields}
    if request.form is Form.JSON:
        return json.dumps(values, ensure_ascii=False)
    parts = [f"[[ ## {name} ## ]]\n{_section(content)}" for name, content in values.items()]
    return "\n\n".join([*parts, "[[ ## completed ## ]]\n"])


def _section(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)

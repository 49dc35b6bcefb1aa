"""Reading what a proposer wrote: the field that was asked for, or whatever is there of it."""

import json
import re
from collections.abc import Iterator
from typing import Any

_FENCE = re.compile(r"^\s*```[\w-]*\s*\n?(.*?)\n?```\s*$", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)
_MOST_OBJECTS = 50


def field_of(text: str, name: str) -> str | None:
    """The string `name` of a JSON object in `text`, fenced or amid prose; or plain prose as it is.

    `None` where the text is empty, or is JSON without that field.
    """
    bare = _bare(text)
    seen_object = False
    for value in _objects(bare):
        seen_object = True
        if isinstance(value.get(name), str):
            return sendable(value[name].strip()) or None
    # Prose without any JSON is taken at its word; broken JSON is not shown to a judge.
    return None if seen_object or not bare or bare[0] in "{[" else sendable(bare)


def texts_of(text: str, name: str) -> tuple[str, ...]:
    """What `text` holds under `name`, a string or a list of strings; where no JSON object has it, the
    lists of strings that there are; plain prose as it is.
    """
    bare = _bare(text)
    if _listed(_decoded(bare)):
        return _listed(_decoded(bare))
    found = list(_objects(bare))
    for value in found:
        if _strings(value.get(name)):
            return _strings(value[name])
    lists = tuple(item for value in found for held in value.values() for item in _listed(held))
    if found or not bare or bare[0] in "{[":
        return lists
    return (sendable(bare),)


def values_of(text: str) -> tuple[object, ...]:
    """The JSON values in `text`, fenced or amid prose, in order: all of it where it is one list, else the
    outermost objects. None where there is no JSON.
    """
    bare = _bare(text)
    whole = _decoded(bare)
    return (whole,) if isinstance(whole, list) else tuple(_objects(bare))


def _decoded(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def _strings(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value.strip() else _listed(value)


def _listed(value: object) -> tuple[str, ...]:
    """List items, marked as such."""
    items = value if isinstance(value, list) else []
    return tuple(f"- {' '.join(item.split())}" for item in items if isinstance(item, str) and item.strip())


def _bare(text: str) -> str:
    """`text` without a model's thoughts and the fence around all of it."""
    bare = _without_thoughts(text).strip()
    fenced = _FENCE.match(bare)
    return fenced.group(1).strip() if fenced else bare


def _without_thoughts(text: str) -> str:
    while (start := text.find("<think")) >= 0:
        end = text.find("</think", start)
        close = text.find(">", end)
        if end < 0 or close < 0:
            break
        text = text[:start] + text[close + 1 :]
    return text


def _objects(bare: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, the outermost ones, in order."""
    position = 0
    for _ in range(_MOST_OBJECTS):
        position = bare.find("{", position)
        if position < 0:
            return
        try:
            value, position = _DECODER.raw_decode(bare, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        yield value


def sendable(text: str) -> str:
    """`text` with a question mark for each lone surrogate: JSON can spell them, no provider takes them."""
    return text.encode("utf-8", "replace").decode()


def clipped(text: str, limit: int) -> str:
    """`text`, or its beginning and end around a mark that says how much was left out."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]} [... {len(text) - limit} characters left out ...] {text[-tail:]}"

"""Reading what a proposer wrote: the field that was asked for, or whatever is there of it."""

import json
import re

_FENCE = re.compile(r"^\s*```[\w-]*\s*\n?(.*?)\n?```\s*$", re.DOTALL)
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)
_MOST_OBJECTS = 50


def field_of(text: str, name: str) -> str | None:
    """The string `name` of a JSON object in `text`, fenced or amid prose; or plain prose as it is.

    `None` where the text is empty, or is JSON without that field.
    """
    bare = _THOUGHTS.sub("", text).strip()
    fenced = _FENCE.match(bare)
    bare = fenced.group(1).strip() if fenced else bare
    position, seen_object = 0, False
    for _ in range(_MOST_OBJECTS):
        position = bare.find("{", position)
        if position < 0:
            break
        try:
            value, position = _DECODER.raw_decode(bare, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        seen_object = True
        if isinstance(value.get(name), str):
            return sendable(value[name].strip()) or None
    # Prose without any JSON is taken at its word; broken JSON is not shown to a judge.
    return None if seen_object or not bare or bare[0] in "{[" else sendable(bare)


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

"""Finding the judged cases in a proposer's prompt, whatever wraps them.

Cases come as JSON objects (also nested, with feedback), as the printed form of DSPy's examples, or as
lines "Task Input: ... Task Output: ... Verdict: ...". The people's decision stands in a case, in the
feedback on it, or in the heading above.
"""

import ast
import bisect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from optimizers.types import Label, Message

MOST_CASES = 200
_MOST_TRIES = 2000
LONGEST_PROMPT = 400_000
"""Characters of a prompt in which cases are looked for."""

_OUTPUT_KEYS = ("task_output", "output", "response", "reply", "answer", "completion")
_INPUT_KEYS = ("task_input", "input", "question", "prompt", "query")
_WORDS_KEYS = ("people_say", "comment", "critique", "human_critique", "feedback", "rationale")
_LABEL_KEYS = ("decision", "label", "verdict", "human_label")
_JUDGED = "generated outputs"
_PEOPLE = re.compile(
    r"\b(?:people|humans?|persons?|experts?|annotators?)\b\W{1,3}(?:(?:have |has )?decided\W{1,4})?"
    r"(pass|fail)(?:ed)?\b",
    re.IGNORECASE,
)
_QUOTES_PERSON = re.compile(r"\b(?:says|said|comments?|wrote):\s*(.+)", re.IGNORECASE | re.DOTALL)
_PRINTED = re.compile(r"Example\((\{.{1,40000}?\})\)\s{0,4}\(input_keys", re.DOTALL)
_LINES = re.compile(
    r"(?:Task )?Input:(?P<input>.*?)\n(?:Task )?Output:(?P<output>.*?)(?:\nRationale:(?P<rationale>.*?))?"
    r"\nVerdict:\s*(?P<verdict>pass|fail)\b",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One output that people have decided on. `words` is what they said about it, `number` the number that
    the prompt gives it."""

    input: str
    output: str
    label: Label
    words: str = ""
    number: int | None = None


def cases(messages: Sequence[Message]) -> tuple[Case, ...]:
    """The cases in a prompt, each once, in their order."""
    text = "\n".join(m.content for m in messages if m.role != "assistant")[:LONGEST_PROMPT]
    found: dict[tuple[str, str], Case] = {}
    for case in (*_from_json(text), *_from_printed(text), *_from_lines(text)):
        found.setdefault((case.input, case.output), case)
        if len(found) == MOST_CASES:
            break
    return tuple(found.values())


def _from_json(text: str) -> Iterator[Case]:
    headings = [(m.start(), m[1]) for m in _PEOPLE.finditer(text)]
    decoder, position = json.JSONDecoder(strict=False), text.find("{")
    for _ in range(_MOST_TRIES):
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            above = bisect.bisect_left(headings, (position, ""))
            case = _case(value, headings[above - 1][1] if above else None)
            if case is not None:
                yield case
        position = text.find("{", end)


def _from_printed(text: str) -> Iterator[Case]:
    for match in _PRINTED.finditer(text):
        try:
            value = ast.literal_eval(match[1])
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        case = _case(value, None)
        if case is not None:
            yield case


def _from_lines(text: str) -> Iterator[Case]:
    for match in _LINES.finditer(text):
        yield Case(
            input=match["input"].strip(),
            output=match["output"].strip(),
            label=Label(match["verdict"].lower()),
            words=(match["rationale"] or "").strip(),
        )


def _case(value: object, heading: str | None) -> Case | None:
    """A case from one object; `None` if it holds no output, or nobody's decision."""
    if not isinstance(value, dict):
        return None
    fields = dict(_flat(value))
    output = _first(fields, _OUTPUT_KEYS)
    words = _first(fields, _WORDS_KEYS)
    feedback = _PEOPLE.search(words)
    said = feedback[1] if feedback else _first(fields, _LABEL_KEYS) or heading
    if not output or said is None or said.casefold() not in list(Label):
        return None
    person = _QUOTES_PERSON.search(words) if feedback else None
    return Case(
        input=_first(fields, _INPUT_KEYS),
        output=output,
        label=Label(said.casefold()),
        words=(person[1] if person else "" if feedback else words).strip(),
        number=number if isinstance(number := value.get("case"), int) else None,
    )


def _flat(value: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Texts by lower-case key, nested ones included; not what the judge under trial has said."""
    for key, item in value.items():
        if isinstance(item, dict) and key.casefold() != _JUDGED:
            yield from _flat(item)
        elif isinstance(item, str):
            yield key.casefold(), item


def _first(fields: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((fields[key] for key in keys if fields.get(key)), "")

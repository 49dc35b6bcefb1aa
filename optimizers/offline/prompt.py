"""Reading a prompt as it arrives: what is asked for, in which form, about which text.

It reads the prompts of DSPy's adapters and plain prompts that people write. A row's own text is data:
whatever it says about fields and formats is not followed.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from optimizers.types import Label, Message

_SECTION = re.compile(r"^\[\[ ## (\w+) ## \]\][ \t]*\n?", re.MULTILINE)
_ASKED_SECTION = re.compile(r"`\[\[ ## (\w+) ## \]\]`")
_ASKED_NAME = re.compile(r"`(\w+)`")
_JSON_KEY = re.compile(r"[\"'](\w+)[\"']\s*:")
_OBJECTIVE = re.compile(r"your objective is:[ \t]*\n?")
_OUTPUT_HEAD = re.compile(
    r"^[#*<\[ ]*(?:[\w-]+ ){0,3}?(?:output|response|reply|answer|completion)[\w ]{0,20}[*\]]*[:>][*]*",
    re.IGNORECASE | re.MULTILINE,
)
_INPUT_HEAD = re.compile(
    r"^[#*<\[ ]*(?:[\w-]+ ){0,3}?(?:input|question|prompt|request|message|document|source|conversation)"
    r"[\w ]{0,20}[*\]]*[:>][*]*",
    re.IGNORECASE | re.MULTILINE,
)
_WRITING = re.compile(
    r"instruction|rationale|reason|explanation|observation|summary|description|feedback|critique|thought|"
    r"improve|suggestion|text|prompt|analysis|advice",
    re.IGNORECASE,
)
_EXPLAINING = re.compile(r"rationale|reason|explanation|critique|thought|analysis", re.IGNORECASE)
_PROBABILITY = re.compile(r"prob|confidence|score|likel", re.IGNORECASE)
_FAIL_AND_PASS = (
    ("fail", "pass"),
    ("bad", "good"),
    ("incorrect", "correct"),
    ("unacceptable", "acceptable"),
    ("no", "yes"),
    ("false", "true"),
    ("0", "1"),
)
_TAIL = 800


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    SECTIONS = "sections"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The fields that a prompt wants, in order, and the words that it uses for fail and pass."""

    fields: tuple[str, ...]
    form: Form
    words: dict[Label, str] = field(default_factory=lambda: {label: label.value for label in Label})

    @property
    def verdict_field(self) -> str | None:
        """The field of a decision; `None` where the prompt asks for text alone."""
        decisions = [f for f in self.fields if not _WRITING.search(f) and not _PROBABILITY.search(f)]
        return next((f for f in decisions if "verdict" in f.casefold()), decisions[-1] if decisions else None)

    def is_explanation(self, name: str) -> bool:
        """Whether the field wants reasons."""
        return bool(_EXPLAINING.search(name))

    def is_probability(self, name: str) -> bool:
        """Whether the field wants a number."""
        return bool(_PROBABILITY.search(name))


def asked(messages: Sequence[Message]) -> Asked:
    """What the prompt asks for."""
    last = messages[-1].content
    static = "\n".join(m.content for m in messages if m.role == "system") or last
    _, found, tail = last.rpartition("Respond with")
    if found:
        sections = tuple(n for n in dict.fromkeys(_ASKED_SECTION.findall(tail)) if n != "completed")
        names = sections or tuple(dict.fromkeys(_ASKED_NAME.findall(tail)))
        if names:
            form = Form.SECTIONS if sections else Form.JSON
            return Asked(fields=names, form=form, words=_words(static))
    wording = static if static is not last else f"{instruction(messages)}\n{last[-_TAIL:]}"
    if "json" in wording.casefold():
        keys = tuple(dict.fromkeys(_JSON_KEY.findall(wording)))
        return Asked(fields=keys or ("verdict",), form=Form.JSON, words=_words(wording))
    fields = ("verdict",) if _pair(wording) else ("text",)
    return Asked(fields=fields, form=Form.PLAIN, words=_words(wording))


def _pair(text: str) -> tuple[str, str] | None:
    """The words for fail and pass, spelt as in `text`."""
    for fail, good in _FAIL_AND_PASS:
        found = [re.search(rf"(?<![\w-]){word}(?![\w-])", text, re.IGNORECASE) for word in (fail, good)]
        if found[0] and found[1]:
            return found[0][0], found[1][0]
    return None


def _words(text: str) -> dict[Label, str]:
    fail, good = _pair(text) or ("fail", "pass")
    return {Label.FAIL: fail, Label.PASS: good}


# --- a judge's prompt -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A row as it stands in a prompt."""

    input: str
    output: str


def instruction(messages: Sequence[Message]) -> str:
    """The judge's instruction, without what an adapter says about the format."""
    system = "\n".join(m.content for m in messages if m.role == "system")
    if not system:
        head = _INPUT_HEAD.search(messages[-1].content) or _OUTPUT_HEAD.search(messages[-1].content)
        return messages[-1].content[: head.start()] if head else ""
    marker = _OBJECTIVE.search(system)
    return system[marker.end() :] if marker else system


def turn(message: str) -> Turn:
    """The row in a user's message: its last section, or what stands below "Output:", is the output."""
    body, found, tail = message.rpartition("\n\nRespond with")
    body = body if found and "`" in tail else message
    heads = [(m[1], m.start(), m.end()) for m in _SECTION.finditer(body)]
    if heads:
        # Only the first heads are the adapter's; a later one stands in the row's own text.
        first, second = heads[0], next((h for h in heads[1:] if h[0] != heads[0][0]), None)
        if second is None:
            return Turn(input="", output=body[first[2] :].strip())
        return Turn(input=body[first[2] : second[1]].strip(), output=body[second[2] :].strip())
    return _plain_turn(body)


def _plain_turn(body: str) -> Turn:
    heads = list(_OUTPUT_HEAD.finditer(body))
    if not heads:
        return Turn(input="", output=body.strip())
    head = heads[-1]
    before = body[: head.start()]
    start = _INPUT_HEAD.search(before)
    return Turn(input=before[start.end() if start else 0 :].strip(), output=body[head.end() :].strip())


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A demonstration as it stands in a prompt."""

    turn: Turn
    label: Label
    rationale: str


def demonstrations(messages: Sequence[Message], words: dict[Label, str]) -> tuple[Solved, ...]:
    """The pairs of a user's and an assistant's message before the last one."""
    both = (
        (user.content, reply.content)
        for user, reply in pairwise(messages)
        if (user.role, reply.role) == ("user", "assistant")
    )
    read = ((turn(user), _answer(answer, words)) for user, answer in both)
    return tuple(Solved(turn=t, label=a[0], rationale=a[1]) for t, a in read if a is not None)


def _answer(text: str, words: dict[Label, str]) -> tuple[Label, str] | None:
    """Label and rationale of a demonstration's answer, in any of the forms."""
    labels = {word.casefold(): label for label, word in words.items()}
    try:
        value = json.loads(text)
    except ValueError:
        parts = _SECTION.split(text)[1:]
        value = dict(zip(parts[::2], (p.strip() for p in parts[1::2]), strict=False)) or {
            "verdict": text.strip()
        }
    if not isinstance(value, dict):
        return None
    found = [labels[v.casefold()] for v in map(str, value.values()) if v.casefold() in labels]
    rationale = " ".join(str(v) for k, v in value.items() if _EXPLAINING.search(str(k)))
    return (found[0], rationale) if found else None

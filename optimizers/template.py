"""A judge's prompt with its two holes: rendered once, filled for each row, free of DSPy.

A row's text is data: it is put into its place in one pass and never looked at again, whatever
placeholders, markers or braces it holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from optimizers.errors import InvalidInput
from optimizers.reading import ResponseFormat, read_answer
from optimizers.types import DecisionRule, Decoding, Example, Message, ModelAnswer, Outcome, VerbatimPrompt
from optimizers.wording import PROBABILITY_FIELD, RATIONALE_FIELD, VERDICT_FIELD, output_fields

Slot = Literal["input", "output"]
PLACEHOLDERS: Mapping[Slot, str] = {"input": "{{input}}", "output": "{{output}}"}
_BRACED = re.compile(r"\{\{?[^{}\n]{0,40}\}\}?")
AS_WRITTEN = DecisionRule()
PLAIN_DECODING = Decoding()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """Where a field of the row goes."""

    slot: Slot


Segment = str | Hole


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """Messages with placeholders, and how to read what a model answers.

    `placeholders` says which text stands for a row's input and which for its output; neither occurs
    in the prompt's own words.

    Raises:
        InvalidInput: no message has the output's placeholder, the placeholders are not two different
            texts, or a text cannot be sent.
    """

    messages: tuple[Message, ...]
    response: ResponseFormat
    decoding: Decoding = PLAIN_DECODING
    placeholders: Mapping[Slot, str] = field(default_factory=lambda: dict(PLACEHOLDERS))

    def __post_init__(self) -> None:
        if not all(self.placeholders.values()) or len(set(self.placeholders.values())) < 2:
            raise InvalidInput(f"placeholders must be two different texts, got {dict(self.placeholders)}")
        for message in self.messages:
            check_sendable(message.content, f"the {message.role} message")
        if not any(Hole(slot="output") in segments for segments in self.segments):
            braced = (m for each in self.messages for m in _BRACED.findall(each.content))
            near = next((m for m in braced if m not in self.placeholders.values()), None)
            found = f", found {near!r}" if near else ""
            raise InvalidInput(f"no message contains the placeholder {self.placeholders['output']!r}{found}")

    @cached_property
    def segments(self) -> tuple[tuple[Segment, ...], ...]:
        """Each message's content, cut at the placeholders."""
        slots = {text: slot for slot, text in self.placeholders.items()}
        cut = re.compile("(" + "|".join(map(re.escape, slots)) + ")")
        pieces = (cut.split(message.content) for message in self.messages)
        return tuple(tuple(Hole(slot=slots[p]) if p in slots else p for p in line if p) for line in pieces)

    def fill(self, example: Example) -> tuple[Message, ...]:
        """The messages for one row. Messages without a placeholder are the same objects each time.

        Raises:
            InvalidInput: a text of the row holds a lone surrogate, which no provider can receive.
        """
        check_example(example)
        values = {"input": example.input, "output": example.output}
        filled = list(self.messages)
        for index in self._open:
            content = [s if isinstance(s, str) else values[s.slot] for s in self.segments[index]]
            filled[index] = Message(role=filled[index].role, content="".join(content))
        return tuple(filled)

    @cached_property
    def _open(self) -> tuple[int, ...]:
        """The messages with a placeholder."""
        holes = (any(isinstance(segment, Hole) for segment in segments) for segments in self.segments)
        return tuple(index for index, has_hole in enumerate(holes) if has_hole)

    def read(self, answer: ModelAnswer, decision: DecisionRule = AS_WRITTEN) -> Outcome:
        """The verdict in `answer` under `decision`, or why there is none."""
        return read_answer(self.response, answer, decision)


def check_sendable(text: str, where: str) -> None:
    """Refuse text that is not valid Unicode.

    Raises:
        InvalidInput: `text` holds a lone surrogate.
    """
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = f"U+{ord(text[error.start]):04X}"
        raise InvalidInput(
            f"{where} holds a lone surrogate ({code} at position {error.start}), which no provider "
            "can receive; texts must be valid Unicode"
        ) from None


def check_example(example: Example) -> None:
    """Refuse a row that cannot be sent.

    Raises:
        InvalidInput: its input or output holds a lone surrogate.
    """
    check_sendable(example.input, f"the input of example {example.id!r}")
    check_sendable(example.output, f"the output of example {example.id!r}")


def free_placeholders(texts: Sequence[str]) -> dict[Slot, str]:
    """Placeholders that none of `texts` contains, spaces inside the braces included.

    `{{input}}` and `{{output}}` if possible, else with the first number that is free.
    """
    joined = "\n".join(texts)
    taken = set(re.findall(r"\{\{\s*((?:in|out)put(?:_\d+)?)\s*\}\}", joined))
    number, suffix = 1, ""
    while f"input{suffix}" in taken or f"output{suffix}" in taken:
        number += 1
        suffix = f"_{number}"
    return {"input": f"{{{{input{suffix}}}}}", "output": f"{{{{output{suffix}}}}}"}


def verbatim_template(prompt: VerbatimPrompt, decoding: Decoding = PLAIN_DECODING) -> PromptTemplate:
    """A user's own prompt as a template: sent as it is, read as the user says.

    Raises:
        InvalidInput: `{{output}}` is missing, the pattern is not usable, or both verdicts are one word.
    """
    response = ResponseFormat(
        field=prompt.field,
        pattern=prompt.pattern,
        pass_value=prompt.pass_value,
        fail_value=prompt.fail_value,
    )
    return PromptTemplate(messages=prompt.messages, response=response, decoding=decoding)


def answer_format(*, reasoning: bool, probability: bool) -> ResponseFormat:
    """How the DSPy judge's answers are read, with their JSON schema (fit for strict modes)."""
    kinds: dict[str, dict[str, object]] = {
        RATIONALE_FIELD: {"type": "string"},
        VERDICT_FIELD: {"type": "string", "enum": ["pass", "fail"]},
        PROBABILITY_FIELD: {"type": "number", "minimum": 0, "maximum": 1},
    }
    fields = output_fields(reasoning=reasoning, probability=probability)
    return ResponseFormat(
        field=VERDICT_FIELD,
        rationale_field=RATIONALE_FIELD if reasoning else None,
        probability_field=PROBABILITY_FIELD if probability else None,
        json_schema={
            "type": "object",
            "properties": {f.name: {**kinds[f.name], "description": f.description} for f in fields},
            "required": [f.name for f in fields],
            "additionalProperties": False,
        },
    )

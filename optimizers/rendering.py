"""From a candidate to its prompt template: once, through the DSPy judge's own adapter."""

from optimizers.judge import JudgeAdapter, program_of
from optimizers.template import (
    PLAIN_DECODING,
    PromptTemplate,
    answer_format,
    check_sendable,
    free_placeholders,
    verbatim_template,
)
from optimizers.types import Candidate, Decoding, Message
from optimizers.wording import INPUT_FIELD, OUTPUT_FIELD


def render(candidate: Candidate, criterion: str, decoding: Decoding = PLAIN_DECODING) -> PromptTemplate:
    """The candidate's prompt with placeholders. Filled for a row, it equals, byte for byte, what the
    DSPy module sends for that row.

    Raises:
        InvalidInput: a text holds a lone surrogate, or a verbatim prompt is not usable.
    """
    if candidate.verbatim is not None:
        return verbatim_template(candidate.verbatim, decoding)
    for text in _own_words(candidate, criterion):
        check_sendable(text, "the prompt")
    program = program_of(candidate, criterion)
    placeholders = free_placeholders(_own_words(candidate, criterion))
    row = {INPUT_FIELD: placeholders["input"], OUTPUT_FIELD: placeholders["output"]}
    messages = JudgeAdapter().format(program.full_signature(), program.judge.demos, row)
    return PromptTemplate(
        messages=tuple(Message(role=m["role"], content=m["content"]) for m in messages),  # type: ignore[arg-type]
        response=answer_format(reasoning=candidate.reasoning, probability=candidate.probability),
        decoding=decoding,
        placeholders=placeholders,
    )


def _own_words(candidate: Candidate, criterion: str) -> list[str]:
    """All that a candidate brings to its prompt."""
    words = [candidate.instruction, criterion]
    for demo in candidate.demonstrations:
        words += [demo.input, demo.output, demo.rationale or ""]
    return words

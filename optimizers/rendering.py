"""From a candidate to its prompt template: once, through the DSPy judge's own adapter."""

from optimizers.calls import Call, Check
from optimizers.errors import InvalidInput
from optimizers.judge import JudgeAdapter, program_of
from optimizers.sets import judge_of
from optimizers.template import (
    AS_WRITTEN,
    PLAIN_DECODING,
    PromptTemplate,
    answer_format,
    check_sendable,
    free_placeholders,
    verbatim_template,
)
from optimizers.types import Assertion, AssertionKind, Candidate, Decoding, Message, ModelRef
from optimizers.wording import INPUT_FIELD, OUTPUT_FIELD


def render(candidate: Candidate, criterion: str, decoding: Decoding = PLAIN_DECODING) -> PromptTemplate:
    """The candidate's prompt with placeholders. Filled for a row, it equals, byte for byte, what the
    DSPy module sends for that row.

    Raises:
        InvalidInput: a text holds a lone surrogate, a verbatim prompt is not usable, or the candidate is a
            set of assertions, which `calls_of` renders.
    """
    if candidate.assertions:
        raise InvalidInput(f"a set of {len(candidate.assertions)} assertions is not one prompt")
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


def calls_of(
    candidate: Candidate, criterion: str, model: ModelRef, decoding: Decoding = PLAIN_DECODING
) -> tuple[Call | Check, ...]:
    """What the candidate asks, as its artifact has it: one prompt, or a set's prompts and checks, each prompt
    with its own criterion. Raises as `render` does for each prompt."""
    if not candidate.assertions:
        template = render(candidate, criterion, decoding)
        return (Call(template=template, model=model, decision=candidate.decision),)
    return tuple(_call_of(each, candidate, model, decoding) for each in candidate.assertions)


def _call_of(assertion: Assertion, of: Candidate, model: ModelRef, decoding: Decoding) -> Call | Check:
    if assertion.kind is AssertionKind.CHECK:
        return Check(expression=assertion.text, criterion=assertion.criterion)
    return Call(
        template=render(judge_of(assertion), assertion.criterion, decoding),
        model=model,
        decision=of.decision if assertion.probability else AS_WRITTEN,
        criterion=assertion.criterion,
    )


def _own_words(candidate: Candidate, criterion: str) -> list[str]:
    """All that a candidate brings to its prompt."""
    words = [candidate.instruction, criterion]
    for demo in candidate.demonstrations:
        words += [demo.input, demo.output, demo.rationale or ""]
    return words

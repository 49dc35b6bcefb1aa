"""A candidate as the state of a DSPy program: plain JSON, made without DSPy.

It holds no model, no key and no pickle. `JudgeProgram.load_state` reads it, and so does a plain
`dspy.Predict` with the same fields.
"""

from collections.abc import Collection

from optimizers.errors import InvalidInput
from optimizers.types import Candidate, Demonstration, Label
from optimizers.wording import (
    CERTAINTY,
    INPUT_FIELD,
    INPUT_FIELDS,
    OUTPUT_FIELD,
    PROBABILITY_FIELD,
    RATIONALE_FIELD,
    VERDICT_FIELD,
    objective,
    output_fields,
)

PREDICTOR = "judge"
"""The name of the predictor in the program."""


def state_json(candidate: Candidate, criterion: str) -> dict[str, object]:
    """The state that `program.dump_state()` gives for this candidate, as plain JSON values.

    Raises:
        InvalidInput: the candidate is a verbatim prompt, which has no DSPy form.
    """
    if candidate.verbatim is not None:
        raise InvalidInput("a verbatim prompt has no DSPy form; its messages are exported as they are")
    answer = output_fields(reasoning=candidate.reasoning, probability=candidate.probability)
    names = tuple(f.name for f in answer)
    signature = {
        "instructions": objective(candidate.instruction, criterion),
        "fields": [{"prefix": f.prefix, "description": f.description} for f in (*INPUT_FIELDS, *answer)],
    }
    demos = [_demo(demonstration, names) for demonstration in candidate.demonstrations]
    return {PREDICTOR: {"traces": [], "train": [], "demos": demos, "signature": signature, "lm": None}}


def demonstration_fields(
    label: Label, rationale: str | None, wanted: Collection[str]
) -> dict[str, str | float]:
    """What a demonstration shows as the judge's answer: those of the `wanted` fields that it has.

    Without a rationale it shows none, rather than a filler that the judge would learn to write.
    """
    shown: dict[str, str | float] = {}
    if RATIONALE_FIELD in wanted and rationale:
        shown[RATIONALE_FIELD] = rationale
    shown[VERDICT_FIELD] = label.value
    if PROBABILITY_FIELD in wanted:
        shown[PROBABILITY_FIELD] = CERTAINTY if label is Label.FAIL else round(1 - CERTAINTY, 6)
    return shown


def _demo(demonstration: Demonstration, wanted: Collection[str]) -> dict[str, object]:
    return {
        "example_id": demonstration.example_id,
        INPUT_FIELD: demonstration.input,
        OUTPUT_FIELD: demonstration.output,
        **demonstration_fields(demonstration.label, demonstration.rationale, wanted),
    }

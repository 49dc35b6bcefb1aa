"""The words of the judge's prompt: field names, what is said about them, and the objective.

Free of DSPy, so that a process without it can tell what a prompt will say.
"""

import inspect
from dataclasses import dataclass

INPUT_FIELD = "task_input"
OUTPUT_FIELD = "task_output"
RATIONALE_FIELD = "rationale"
VERDICT_FIELD = "verdict"
PROBABILITY_FIELD = "fail_probability"

CRITERION_HEADING = "The criterion for a pass:"

DEFAULT_INSTRUCTION = (
    "Decide whether the task output, as a response to the task input, meets the criterion. "
    "The verdict is `pass` if it does and `fail` if it does not."
)

CERTAINTY = 0.95
"""The probability that a demonstration gives to its own label: people's labels are strong
evidence, and a judge that is shown only 0 and 1 has no middle to put a threshold in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of the signature: its name, DSPy's prefix for it, and what the prompt says of it."""

    name: str
    prefix: str
    description: str


INPUT_FIELDS = (
    Field(name=INPUT_FIELD, prefix="Task Input:", description="What the system under test was given."),
    Field(name=OUTPUT_FIELD, prefix="Task Output:", description="What it answered: the text to judge."),
)

_RATIONALE = Field(
    name=RATIONALE_FIELD,
    prefix="Rationale:",
    description="A short explanation, written before the verdict, of what speaks for and against a pass.",
)
_VERDICT = Field(name=VERDICT_FIELD, prefix="Verdict:", description="The decision on the task output.")
_PROBABILITY = Field(
    name=PROBABILITY_FIELD,
    prefix="Fail Probability:",
    description="How likely a careful person is to decide `fail`, from 0 to 1.",
)


def output_fields(*, reasoning: bool, probability: bool) -> tuple[Field, ...]:
    """The fields of an answer, in the order in which the model writes them."""
    return (*([_RATIONALE] if reasoning else []), _VERDICT, *([_PROBABILITY] if probability else []))


def tidy(text: str) -> str:
    """`text` as it survives DSPy: common indentation, tabs and blank edges are gone.

    DSPy cleans a signature's instructions each time they pass through one, and cleaning twice is
    not cleaning once; so the text is brought to where nothing changes any more.
    """
    cleaned = inspect.cleandoc(text)
    while cleaned != text:
        text, cleaned = cleaned, inspect.cleandoc(cleaned)
    return text


def objective(instruction: str, criterion: str) -> str:
    """The prompt's task: `instruction`, then `criterion` unless it is quoted there word for word.

    Applying it to its own result changes nothing. An empty instruction means the default one.
    """
    text, wanted = tidy(instruction) or DEFAULT_INSTRUCTION, tidy(criterion)
    return text if wanted in text else f"{text}\n\n{CRITERION_HEADING}\n{wanted}"


def instruction_of(text: str, criterion: str) -> str:
    """The instruction that `objective` turns into `text`: its inverse."""
    instruction = text.removesuffix(f"\n\n{CRITERION_HEADING}\n{tidy(criterion)}")
    return instruction if objective(instruction, criterion) == text else text

"""What a model is asked where criteria and assertions are wanted: the messages, and the form of answers.

Each question ends with the form of its answer, after whatever is quoted in it.
"""

import json
from collections.abc import Sequence

from optimizers.checks.reference import FUNCTIONS
from optimizers.criteria.categories import MEANINGS
from optimizers.strategies.answers import clipped
from optimizers.types import LabelledExample, Message

LONGEST_PROMPT = 20_000
"""Characters of a task's prompt that are shown."""

LONGEST_TEXT = 3000
LONGEST_CASES = 40_000
"""Characters of all cases together; each case gets its share where they are longer."""

PROMPT_HEADING = "# The task's prompt"
CASES_HEADING = "# Cases"
CHANGES_HEADING = "# What was added to the prompt (+) and taken out of it (-)"
CRITERION_HEADING = "# The criterion"
KNOWN_HEADING = "# Known already"

_FORM = "Answer with a JSON object: "

_CRITERIA = (
    "You help people to say what makes the outputs of a language model good, so that each output can be "
    "checked. A criterion is one sentence about one property that a good output has, to be decided from the "
    "task's input and output alone, and general: it quotes no single case. "
)
_FROM_PROMPT = (
    "You are shown the prompt of the task. State what an output must be like to do what it asks, first what "
    "outputs are likely to get wrong. Under `why` quote the words of the prompt on which a criterion rests."
)
_FROM_LABELS = (
    "You are shown what a pass means, and cases with people's decisions and, where they gave any, their "
    "reasons. Find what the failed outputs have wrong that the passed ones have not, and state a criterion "
    "for each kind of defect. State only what the cases show. Under `cases` give the numbers of those that "
    "show it, under `why` what they show."
)
_FROM_HISTORY = (
    "You are shown how a new version of the task's prompt differs from the one before. People add "
    "instructions where outputs went wrong. State a criterion for each added instruction that outputs can be "
    "checked for; leave out what says nothing about outputs. Under `why` quote the added words, under "
    "`category` give one of:\n"
) + "\n".join(f"- {category.value}: {meaning}" for category, meaning in MEANINGS.items())

_INSTRUCTIONS = (
    "You write instructions for an automatic judge that reads a task's input and output and decides whether "
    "the output passes or fails by one criterion alone. An instruction says in a few sentences what to look "
    "at, when to fail an output, and what looks like a defect and is none. It names no format of the answer: "
    "the judge knows it. Different instructions read the criterion differently: word by word, strictly, "
    "generously, by its purpose."
)
_CHECKS = (
    "You write checks in code for a criterion. A check is an expression of the Common Expression Language "
    "(CEL) over the texts `input` and `output` that is true where the output meets the criterion, and false "
    "where it does not. Different checks draw the line in different places. Most criteria take "
    "understanding, and no code can decide them: then give no check at all. Besides CEL's operators (`&&`, "
    "`||`, `!`, `? :`, comparisons, `in`) and, for lists, `all`, `exists`, `filter` and `map`, there are:\n"
) + "\n".join(f"- {note.call}: {note.gives}. Example: {note.example}" for note in FUNCTIONS)


def of_prompt(prompt: str, known: Sequence[str], n: int) -> tuple[Message, ...]:
    """For at most `n` criteria for the outputs of `prompt`."""
    parts = [
        f"{PROMPT_HEADING}\n{clipped(prompt, LONGEST_PROMPT)}",
        _known(known),
        (
            f'State up to {n} criteria. {_FORM}{{"criteria": [{{"name": "...", "criterion": "...", '
            '"why": "..."}]}'
        ),
    ]
    return _messages(_CRITERIA + _FROM_PROMPT, parts)


def of_labels(
    rows: Sequence[LabelledExample], criterion: str, known: Sequence[str], n: int
) -> tuple[Message, ...]:
    """For at most `n` criteria from labelled `rows`, numbered from 1 in their order."""
    limit = min(LONGEST_TEXT, LONGEST_CASES // max(1, 2 * len(rows)))
    cases = [_case(number, row, limit) for number, row in enumerate(rows, start=1)]
    parts = [
        f"# What a pass means\n{criterion}" if criterion else "",
        _known(known),
        "\n".join([CASES_HEADING, *cases]),
        (
            f'State up to {n} criteria. {_FORM}{{"criteria": [{{"name": "...", "criterion": "...", '
            '"why": "...", "cases": [1]}]}'
        ),
    ]
    return _messages(_CRITERIA + _FROM_LABELS, parts)


def of_changes(
    added: Sequence[str], removed: Sequence[str], known: Sequence[str], n: int
) -> tuple[Message, ...]:
    """For at most `n` criteria from the sentences that a version of a prompt added."""
    changes = [*(f"- {line}" for line in removed), *(f"+ {line}" for line in added)]
    parts = [
        clipped("\n".join([CHANGES_HEADING, *changes]), LONGEST_PROMPT),
        _known(known),
        (
            f'State up to {n} criteria. {_FORM}{{"criteria": [{{"name": "...", "criterion": "...", '
            '"why": "...", "category": "..."}]}'
        ),
    ]
    return _messages(_CRITERIA + _FROM_HISTORY, parts)


def for_instructions(criterion: str, n: int) -> tuple[Message, ...]:
    """For at most `n` instructions of a judge that goes by `criterion`."""
    form = f'Write up to {n} instructions. {_FORM}{{"instructions": ["..."]}}'
    return _messages(_INSTRUCTIONS, [f"{CRITERION_HEADING}\n{criterion}", form])


def for_checks(criterion: str, n: int) -> tuple[Message, ...]:
    """For at most `n` checks of `criterion`."""
    form = f'Write up to {n} checks, or none. {_FORM}{{"checks": ["..."]}}'
    return _messages(_CHECKS, [f"{CRITERION_HEADING}\n{criterion}", form])


def for_repair(criterion: str, check: str, refusal: str) -> tuple[Message, ...]:
    """For the check once more, after it was refused; `refusal` says where and why."""
    parts = [
        f"{CRITERION_HEADING}\n{criterion}",
        f"# Your check\n{check}",
        f"# What is wrong\n{refusal}",
        f'Mend it; give an empty text if it cannot be mended. {_FORM}{{"checks": ["..."]}}',
    ]
    return _messages(_CHECKS, parts)


def _messages(system: str, parts: Sequence[str]) -> tuple[Message, ...]:
    return (
        Message(role="system", content=system),
        Message(role="user", content="\n\n".join(part for part in parts if part)),
    )


def _known(known: Sequence[str]) -> str:
    lines = "\n".join(f"- {line}" for line in known)
    return (
        f"{KNOWN_HEADING}\nLeave these out, and what says the same in other words:\n{lines}" if known else ""
    )


def _case(number: int, row: LabelledExample, limit: int) -> str:
    example = row.example
    shown: dict[str, object] = {
        "case": number,
        "task_input": clipped(example.input, limit),
        "task_output": clipped(example.output, limit),
        "decision": row.label.value,
    }
    if row.critique:
        shown["people_say"] = clipped(row.critique, limit)
    return json.dumps(shown, ensure_ascii=False)

"""What the proposer is asked: to state, as criteria, what people object to and what they accept.

Cases are shown as they are, in plain text, with the person's critique. Before anything has been judged
they stand under the people's decision; later under the judge's mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from optimizers.kappa import Confusion
from optimizers.strategies.answers import clipped
from optimizers.strategies.proposals import agreement_counts
from optimizers.types import LabelledExample, Message, Outcome, Verdict

LONGEST_TEXT = 6000
LONGEST_QUESTION = 40_000
"""Characters of all cases together; each case gets its share where they are longer."""

_SYSTEM = (
    "You state the criteria by which people decide whether a task output passes or fails, so that an "
    "automatic judge can decide as they do. You are shown what a pass means, the criteria that are known "
    "already, and cases with the people's decisions and, where they gave any, their reasons. Find what the "
    "failed outputs have wrong that the passed ones have not, and state each kind of defect as a criterion "
    "of one sentence: general, to be checked on outputs that you have not seen, without quoting a case. "
    "Where people accept what looks like a defect, say so in a criterion too. State only what the cases "
    "show. Leave out what is known already, unless you can say it more sharply.\n"
    'Answer with a JSON object: {"instruction": "..."} whose text is a list of one to six criteria, one a '
    'line, each beginning with "- ".'
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A train row as the proposer sees it; `outcome` is what the judge made of it, if it was judged."""

    row: LabelledExample
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: cases that people failed, cases that they passed, and what is known already.

    `confusion` counts the judge's verdicts on the rows that it judged, where the cases are mistakes.
    """

    failed: tuple[Case, ...] = ()
    passed: tuple[Case, ...] = ()
    known: tuple[str, ...] = ()
    confusion: Confusion | None = None


def question(criterion: str, asked: Question) -> tuple[Message, ...]:
    """The messages of `asked`."""
    cases = [*asked.failed, *asked.passed]
    limit = min(LONGEST_TEXT, LONGEST_QUESTION // max(1, 2 * len(cases)))
    parts = [
        f"What a pass means:\n{criterion}",
        _known(asked.known),
        agreement_counts(asked.confusion) if asked.confusion is not None else "",
        _section("People failed these outputs", asked.failed, limit),
        _section("People passed these outputs", asked.passed, limit),
    ]
    return (
        Message(role="system", content=_SYSTEM),
        Message(role="user", content="\n\n".join(part for part in parts if part)),
    )


def _known(criteria: Sequence[str]) -> str:
    return "Known criteria:\n" + "\n".join(f"- {line}" for line in criteria) if criteria else ""


def _section(heading: str, cases: Sequence[Case], limit: int) -> str:
    if not cases:
        return ""
    shown = [_case(n, case, limit) for n, case in enumerate(cases, start=1)]
    return "\n\n".join([f"# {heading}", *shown])


def _case(number: int, case: Case, limit: int) -> str:
    example = case.row.example
    lines = [
        f"## Case {number}",
        f"Task input:\n{clipped(example.input, limit)}",
        f"Task output:\n{clipped(example.output, limit)}",
    ]
    if case.row.critique:
        lines.append(f"People said: {clipped(case.row.critique, limit)}")
    if isinstance(case.outcome, Verdict) and case.outcome.label is not case.row.label:
        said = f": {clipped(case.outcome.rationale, limit)}" if case.outcome.rationale else ""
        lines.append(f"The judge decided {case.outcome.label.value}, which is wrong{said}")
    return "\n".join(lines)

"""Several candidate assertions for a criterion: instructions for a judge, and checks in code.

Which of them agrees with people is not the writer's to say: selection finds out. A check that is refused
goes back to the model once, with position and reason.

Sources: Shankar et al., SPADE (VLDB 2024), section 2.3, and EvalGen (UIST 2024), section 4, which write
Python functions and questions to a model; checks here are CEL expressions, which can do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from optimizers.checks import CheckRunner
from optimizers.criteria import questions
from optimizers.criteria.asking import Ask, ask_for
from optimizers.criteria.reading import texts_in
from optimizers.errors import AnswerUnusable, CheckRefused, InvalidInput
from optimizers.strategies.answers import clipped
from optimizers.strategies.options import whole_number
from optimizers.together import all_or_none

PROMPT, CHECK = "prompt", "check"
KINDS = (PROMPT, CHECK)
"""An instruction for a judge; an expression over a row's input and output."""

MOST = 10
"""Candidates of a kind that may be asked for at once."""

_SHORTEST, _LONGEST = 12, 4000  # characters of an instruction


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftAssertion:
    """A candidate: an instruction (`kind` is `prompt`) or a check that has been verified (`check`)."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What the model wrote and cannot be used, and why; for a check with line and column."""

    text: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written for a criterion: the candidates, instructions first, and what was refused.

    There may be none of a kind: most criteria take understanding, and no code can decide them.
    """

    assertions: tuple[DraftAssertion, ...]
    refused: tuple[Refused, ...] = ()


async def write(  # plain values and a collaborator, by name
    criterion_text: str,
    *,
    ask: Ask,
    n: int = 3,
    kinds: Sequence[str] = KINDS,
    checks: CheckRunner | None = None,
    sample: int = 0,
) -> Written:
    """Up to `n` candidates of each of `kinds` for a criterion.

    It takes a call for each kind, one more where its answer cannot be read, and one for each check that is
    refused. `checks` verifies checks, off the event loop.

    Raises:
        InvalidInput: the criterion is empty, `n` is not in 1 to 10, a kind is unknown, or checks are wanted
            without a runner.
        AnswerUnusable: the model answered nonsense twice, for every kind.
        ChecksUnavailable: checks cannot be verified here.
    """
    whole_number("n", n, low=1, high=MOST)
    wanted = _kinds(kinds, checks)
    if not criterion_text.strip():
        raise InvalidInput("criterion_text must say what a good output is like, got an empty text")
    task = _Task(criterion=criterion_text, n=n, ask=ask, checks=checks, sample=sample)
    results = await all_or_none([_written(kind, task) for kind in wanted])
    faults = [result.fault for result in results if isinstance(result, _Unread)]
    if len(faults) == len(results):
        raise faults[0]
    written = [result for result in results if isinstance(result, Written)]
    unread = [Refused(text=fault.answer, reason=str(fault)) for fault in faults]
    return Written(
        assertions=tuple(draft for one in written for draft in one.assertions),
        refused=(*(refusal for one in written for refusal in one.refused), *unread),
    )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What is to be written, and by whom."""

    criterion: str
    n: int
    ask: Ask
    checks: CheckRunner | None
    sample: int


def _kinds(kinds: Sequence[str], checks: CheckRunner | None) -> list[str]:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise InvalidInput(
            f"kinds must be one or both of {', '.join(KINDS)}, got {', '.join(unknown) or 'none'}"
        )
    if CHECK in kinds and checks is None:
        raise InvalidInput("checks must be a runner where kinds has check, got None")
    return [kind for kind in KINDS if kind in kinds]


@dataclass(frozen=True)
class _Unread:
    """A kind of which nothing could be read."""

    fault: AnswerUnusable


async def _written(kind: str, task: _Task) -> Written | _Unread:
    try:
        return await (_instructions(task) if kind == PROMPT else _checks(task))
    except AnswerUnusable as fault:
        return _Unread(fault)


async def _instructions(task: _Task) -> Written:
    asked = questions.for_instructions(task.criterion, task.n)
    texts = await ask_for(
        "instructions", asked, lambda answer: texts_in(answer, "instructions"), task.ask, task.sample
    )
    usable = [text for text in texts if _SHORTEST <= len(text) <= _LONGEST][: task.n]
    reason = f"an instruction must have {_SHORTEST} to {_LONGEST} characters"
    return Written(
        assertions=tuple(DraftAssertion(kind=PROMPT, text=text) for text in usable),
        refused=tuple(
            Refused(text=clipped(text, _LONGEST), reason=f"{reason}, got {len(text)}")
            for text in texts
            if not _SHORTEST <= len(text) <= _LONGEST
        ),
    )


async def _checks(task: _Task) -> Written:
    asked = questions.for_checks(task.criterion, task.n)
    texts = await ask_for("checks", asked, _checks_in, task.ask, task.sample)
    tried = await all_or_none([_tried(text, task) for text in texts[: task.n]])
    drafts = [one for one in tried if isinstance(one, DraftAssertion)]
    return Written(
        assertions=tuple(dict.fromkeys(drafts)),
        refused=tuple(one for one in tried if isinstance(one, Refused)),
    )


async def _tried(check: str, task: _Task) -> DraftAssertion | Refused:
    """The check, or what the model mends it to; or why it cannot be used."""
    refusal = await _refusal(check, task)
    if refusal is None:
        return DraftAssertion(kind=CHECK, text=check)
    asked = questions.for_repair(task.criterion, check, refusal)
    mended = _checks_in(await task.ask(asked, task.sample))
    if not mended:
        return Refused(text=check, reason=refusal)
    still = await _refusal(mended[0], task)
    if still is None:
        return DraftAssertion(kind=CHECK, text=mended[0])
    return Refused(text=mended[0], reason=still)


def _checks_in(answer: str) -> tuple[str, ...] | None:
    found = texts_in(answer, "checks")
    return None if found is None else tuple(text.strip("`").strip() for text in found)


async def _refusal(check: str, task: _Task) -> str | None:
    """Why `check` cannot be used, with line and column; `None` where it can."""
    assert task.checks is not None  # as checks are wanted
    try:
        await asyncio.to_thread(task.checks.verify, check)
    except CheckRefused as refused:
        return f"line {refused.line}, column {refused.column}: {refused.reason}"
    return None

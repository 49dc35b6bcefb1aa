"""Candidate criteria from the history of a task's prompt: what people added when outputs went wrong.

Successive versions are compared sentence by sentence. A model classifies what was added in SPADE's eight
categories and states criteria for it; where its answer cannot be read, rules classify each added sentence
and quote it as a criterion. Unlike SPADE, what a later version took out again is not suggested, and the
latest additions come first.

Source: Shankar et al., SPADE: Synthesizing Data Quality Assertions for Large Language Model Pipelines
(VLDB 2024), section 2.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from optimizers.criteria import questions
from optimizers.criteria.asking import Ask, ask_for
from optimizers.criteria.categories import DeltaCategory, category_of
from optimizers.criteria.reading import SuggestedCriterion, merged, suggestions_in
from optimizers.criteria.suggesting import MOST
from optimizers.errors import AnswerUnusable, InvalidInput
from optimizers.strategies.answers import clipped
from optimizers.strategies.options import whole_number
from optimizers.together import all_or_none

MOST_DELTAS = 12
"""Differences that are asked about: the latest ones, and all earlier versions as one."""

LONGEST_VERSION = 100_000
"""Characters of one version."""

_LONGEST_QUOTE = 400
_SHORTEST_SENTENCE = 3
"""Words."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[]?[A-Z\d])")
_LISTED = re.compile(r"^(?:[-*\u2022#>]+|\(?\d{1,2}[.)])\s+")
_PLACEHOLDER = re.compile(r"\{+[^{}]*\}+|<[^<>]*>")
_NAMES = {category: category.value.replace("_", " ").capitalize() for category in DeltaCategory}


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptDelta:
    """What version `version` (from 1) of a prompt added to the one before, and took out of it: sentences."""

    version: int
    added: tuple[str, ...]
    removed: tuple[str, ...] = ()


def deltas(prompts: Sequence[str]) -> tuple[PromptDelta, ...]:
    """The differences between successive versions, the first one against nothing; those without any
    addition are left out. A sentence that only moved is no difference."""
    found = []
    before: list[str] = []
    for version, prompt in enumerate(prompts, start=1):
        now = _sentences(prompt)
        delta = _delta(version, before, now)
        if delta.added:
            found.append(delta)
        before = now
    return tuple(found)


async def from_history(
    prompts: Sequence[str], *, ask: Ask, n: int = 5, existing: Sequence[str] = (), sample: int = 0
) -> tuple[SuggestedCriterion, ...]:
    """At most `n` criteria from successive versions of a prompt, the oldest first. One call, or two, for each
    version that added something which the last one still has, and at most twelve such.

    Each has its category. `existing` and `sample` are as in `suggesting.from_prompt`.

    Raises:
        InvalidInput: there is no version with a text, one is too long, or `n` is not in 1 to 30.
    """
    whole_number("n", n, low=1, high=MOST)
    versions = [prompt for prompt in prompts if prompt.strip()]
    if not versions:
        raise InvalidInput("prompts must hold the text of at least one version, got none")
    longest = max(map(len, versions))
    if longest > LONGEST_VERSION:
        raise InvalidInput(f"prompts must have at most {LONGEST_VERSION} characters each, got {longest}")
    kept = set(_sentences(versions[-1]))
    lasting = [
        replace(delta, added=tuple(line for line in delta.added if line in kept))
        for delta in deltas(versions[-MOST_DELTAS:])
    ]

    async def suggested(delta: PromptDelta) -> tuple[SuggestedCriterion, ...]:
        asked = questions.of_changes(delta.added, delta.removed, existing, n)
        try:
            found = await ask_for("criteria", asked, suggestions_in, ask, sample)
        except AnswerUnusable:
            return by_rules(delta)
        return tuple(_classified(one) for one in found)

    latest_first = [delta for delta in reversed(lasting) if delta.added]
    return merged(await all_or_none([suggested(delta) for delta in latest_first]), existing, n)


def by_rules(delta: PromptDelta) -> tuple[SuggestedCriterion, ...]:
    """Without a model: each added sentence, quoted and classified by its words. What rules put in no category
    is left out, since it mostly says nothing about outputs."""
    found = ((line, category_of(line)) for line in delta.added)
    return tuple(
        SuggestedCriterion(
            name=_NAMES[category],
            text=f"The output keeps to this instruction: {clipped(line, _LONGEST_QUOTE)}",
            why=clipped(line, _LONGEST_QUOTE),
            category=category,
        )
        for line, category in found
        if category is not DeltaCategory.OTHER and _says_something(line)
    )


def _classified(one: SuggestedCriterion) -> SuggestedCriterion:
    return replace(one, category=one.category or category_of(f"{one.why} {one.text}"))


def _delta(version: int, before: Sequence[str], now: Sequence[str]) -> PromptDelta:
    added: list[str] = []
    removed: list[str] = []
    steps = difflib.SequenceMatcher(None, before, now, autojunk=False).get_opcodes()
    for step, start, end, new_start, new_end in steps:
        if step != "equal":
            removed += before[start:end]
            added += now[new_start:new_end]
    return PromptDelta(
        version=version,
        added=tuple(line for line in dict.fromkeys(added) if line not in before),
        removed=tuple(line for line in dict.fromkeys(removed) if line not in now),
    )


def _sentences(prompt: str) -> list[str]:
    """The sentences and list items of a prompt, in one line each and without marks of lists."""
    lines = (_LISTED.sub("", line.strip()) for line in prompt.splitlines())
    parts = (part for line in lines for part in _SENTENCE.split(line))
    return [" ".join(part.split()) for part in parts if part.strip()]


def _says_something(sentence: str) -> bool:
    return len(_PLACEHOLDER.sub(" ", sentence[:_LONGEST_QUOTE]).split()) >= _SHORTEST_SENTENCE

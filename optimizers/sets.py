"""A judge that is a set of assertions: its members as judges, and how their outcomes become one.

Whoever asks them gives the outcomes that are there; the set's own outcome is there as soon as no other
member can change it. So the same function serves a search, which knows all cells, and a judge in use,
which asks the cheap members first and stops where the row is decided.

A member without a verdict leaves a row open where any fail decides, and says nothing for either side
where evidence is weighed.
"""

from collections.abc import Sequence
from dataclasses import replace

from optimizers.odds import MOST_EVIDENCE, log_odds
from optimizers.reading import decided
from optimizers.types import (
    Assertion,
    Candidate,
    Combination,
    DecisionRule,
    Failure,
    FailureKind,
    Label,
    Outcome,
    Verdict,
)
from optimizers.usage import total

Known = Sequence[Outcome | None]
"""The outcomes of a set's members on one row, in their order; `None` where a member was not asked."""


def judge_of(assertion: Assertion) -> Candidate:
    """The judge that a prompt is by itself; its criterion takes the place of the dataset's."""
    return Candidate(
        instruction=assertion.text, reasoning=assertion.reasoning, probability=assertion.probability
    )


def cheap_first(is_prompt: Sequence[bool], combination: Combination) -> tuple[int, ...]:
    """The places of a set's members in the order in which to ask them: checks, then the heaviest prompts."""
    weights = combination.weights or (0.0,) * len(is_prompt)
    return tuple(sorted(range(len(is_prompt)), key=lambda i: (is_prompt[i], -abs(weights[i]), i)))


def read(outcome: Outcome, assertion: Assertion, decision: DecisionRule) -> Outcome:
    """A member's outcome under the set's decision rule, which is for prompts that tell a probability."""
    return decided(outcome, decision) if assertion.probability else outcome


def outcome_of(criteria: Sequence[str], combination: Combination, known: Known) -> Outcome | None:
    """The set's outcome on a row, or `None` while a member that was not asked can still change it.

    `criteria` are what the members stand for, in their order. A provider's failure is the set's: the row
    must be asked again.
    """
    there = [outcome for outcome in known if outcome is not None]
    usage = total(outcome.usage for outcome in there)
    failures = [outcome for outcome in there if isinstance(outcome, Failure)]
    down = next((failure for failure in failures if failure.kind is FailureKind.PROVIDER), None)
    if down is not None:
        return replace(down, usage=usage)
    label = _weighed(combination, known) if combination.weights else _any_fail(known)
    if label is None and len(there) < len(known):
        return None
    if label is None:
        return replace(failures[0], usage=usage)
    return Verdict(label=label, rationale=_reasons(criteria, known, label), usage=usage)


def _any_fail(known: Known) -> Label | None:
    verdicts = [outcome.label if isinstance(outcome, Verdict) else None for outcome in known]
    if Label.FAIL in verdicts:
        return Label.FAIL
    return None if None in verdicts else Label.PASS


def _weighed(combination: Combination, known: Known) -> Label | None:
    """The label where the members that were not asked cannot turn the balance."""
    if not any(isinstance(outcome, Verdict) for outcome in known):
        return None
    pairs = list(zip(combination.weights, known, strict=True))
    balance = combination.bias + sum(weight * log_odds(outcome) for weight, outcome in pairs)
    doubt = sum(abs(weight) for weight, outcome in pairs if outcome is None) * MOST_EVIDENCE
    if balance - doubt > 0:
        return Label.FAIL
    return Label.PASS if balance + doubt <= 0 else None


def _reasons(criteria: Sequence[str], known: Known, label: Label) -> str | None:
    """What the members that failed the row have to say, where the set fails it too."""
    said = [
        ": ".join(part for part in (criterion, outcome.rationale) if part)
        for criterion, outcome in zip(criteria, known, strict=True)
        if isinstance(outcome, Verdict) and outcome.label is Label.FAIL
    ]
    return "\n".join(filter(None, said)) or None if label is Label.FAIL else None

"""The ideas of the joint search by name, so that each can be switched off and its worth measured."""

from collections.abc import Sequence
from enum import StrEnum

from optimizers.errors import InvalidInput


class Idea(StrEnum):
    """One idea. What is left without it is said beside it."""

    WARM_START = "warm_start"  # without: no proposals before the judge's first mistakes are known
    CRITIQUES = "critiques"  # without: people's words reach neither proposer nor demonstrations
    CLUSTERS = "clusters"  # without: a question shows rows that were drawn at random
    DEMONSTRATIONS = "demonstrations"  # without: criteria alone
    CRITERIA = "criteria"  # without: demonstrations alone
    REASONING = "reasoning"  # without: reasoning stays as the baseline has it
    THRESHOLD = "threshold"  # without: the verdict as written counts
    CREDIT = "credit"  # without: criteria from mistakes are added untraced, and none is dropped
    EARLIER = "earlier"  # without: nothing is taken over from earlier runs on the dataset
    RACING = "racing"  # without: every candidate judges all of dev


def switched_on(without: Sequence[str]) -> frozenset[Idea]:
    """All ideas but those named.

    Raises:
        InvalidInput: there is no such idea.
    """
    unknown = [name for name in without if name not in set(Idea)]
    if isinstance(without, str) or unknown:
        raise InvalidInput(f"without must be a list of {', '.join(Idea)}, got {without!r}")
    return frozenset(Idea) - {Idea(name) for name in without}

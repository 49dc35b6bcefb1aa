"""The samplers by name. A new one is a class and one line here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optimizers.errors import InvalidInput
from optimizers.sampling.learning import LearningOrder
from optimizers.sampling.plain import DisagreementOrder, EvalGenOrder, RandomOrder
from optimizers.sampling.state import Sampler


@dataclass(frozen=True, kw_only=True)
class SamplerEntry:
    """A sampler, and what it does in one sentence."""

    sampler: Sampler
    summary: str


SAMPLERS: Mapping[str, SamplerEntry] = MappingProxyType(
    {
        entry.sampler.name: entry
        for entry in (
            SamplerEntry(
                sampler=LearningOrder(),
                summary="By chance at first, then rows of which the labels so far say least.",
            ),
            SamplerEntry(sampler=RandomOrder(), summary="By chance; only such rows may measure a judge."),
            SamplerEntry(sampler=DisagreementOrder(), summary="Where the candidates disagree most."),
            SamplerEntry(
                sampler=EvalGenOrder(),
                summary="EvalGen's: in turns the rows that rarely failing assertions fail, and the cleanest.",
            ),
        )
    }
)
"""In the order in which they are offered. `NearThreshold` is for one judge and is made for it."""

DEFAULT_SAMPLER = "learning"


def sampler_named(name: str) -> Sampler:
    """The sampler of that name.

    Raises:
        InvalidInput: there is none; the message lists those that are.
    """
    if name not in SAMPLERS:
        raise InvalidInput(f"sampler must be one of {', '.join(SAMPLERS)}, got {name!r}")
    return SAMPLERS[name].sampler

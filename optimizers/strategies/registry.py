"""The strategies by name. Light: a strategy's module is imported when one is made.

A new strategy is one file and one line here.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from optimizers.errors import InvalidInput
from optimizers.protocols import Strategy


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a strategy lives (`module:class`) and what it does, in one sentence.

    `transfers`: it starts from the winners of earlier runs on the dataset (`Problem.earlier`).
    """

    target: str
    summary: str
    transfers: bool = False


STRATEGIES: Mapping[str, Entry] = MappingProxyType(
    {
        "joint": Entry(
            target="optimizers.strategies.joint:Joint",
            summary="Searches criteria, solved examples, reasoning and threshold together, starting from "
            "people's labels and words.",
            transfers=True,
        ),
        "bootstrap_fewshot": Entry(
            target="optimizers.strategies.bootstrap_fewshot:BootstrapFewShot",
            summary="Chooses solved examples to show the judge, as many of each class, with rationales "
            "drawn from people's labels and critiques.",
        ),
        "instruction_search": Entry(
            target="optimizers.strategies.instruction_search:InstructionSearch",
            summary="Rewrites the instruction from the judge's false passes and false fails, and races "
            "instructions and solved examples against each other.",
        ),
        "mipro": Entry(
            target="optimizers.strategies.mipro:Mipro",
            summary="DSPy's MIPROv2 on a class-balanced score, its candidates chosen again by kappa.",
        ),
        "gepa": Entry(
            target="optimizers.strategies.gepa:Gepa",
            summary="DSPy's GEPA, reflecting on people's critiques, its candidates chosen again by kappa.",
        ),
    }
)
"""In the order in which they are offered."""

DEFAULT = "joint"
"""The strategy of whoever names none."""


def names() -> tuple[str, ...]:
    """The names, in the order in which they are offered."""
    return tuple(STRATEGIES)


def describe() -> dict[str, str]:
    """One sentence on each strategy, by name, in the order in which they are offered."""
    return {name: entry.summary for name, entry in STRATEGIES.items()}


def create(name: str, options: Mapping[str, object] | None = None) -> Strategy:
    """The strategy `name` with `options` (keyword arguments of its constructor).

    Raises:
        InvalidInput: no such strategy or option, or a value that is not allowed.
    """
    if name not in STRATEGIES:
        raise InvalidInput(f"strategy must be one of {', '.join(STRATEGIES)}, got {name!r}")
    module, _, attribute = STRATEGIES[name].target.partition(":")
    factory = getattr(importlib.import_module(module), attribute)
    given = dict(options or {})
    allowed = tuple(inspect.signature(factory).parameters)
    unknown = [option for option in given if option not in allowed]
    if unknown:
        raise InvalidInput(f"{name} has no option {unknown[0]!r}; its options are {', '.join(allowed)}")
    return cast("Strategy", factory(**given))

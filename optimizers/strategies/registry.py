"""The strategies by name. Light: a strategy's module is imported when one is made.

A new strategy is one file and one entry here.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from optimizers.errors import InvalidInput
from optimizers.protocols import Strategy

OptionValue = int | float | str | tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Option:
    """A keyword argument of a strategy's constructor, its default, and what it is."""

    name: str
    default: OptionValue
    summary: str


def _options(**described: tuple[OptionValue, str]) -> tuple[Option, ...]:
    return tuple(
        Option(name=name, default=default, summary=summary) for name, (default, summary) in described.items()
    )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a strategy lives (`module:class`), what it does, in one sentence, and what can be set.

    `transfers`: it starts from the winners of earlier runs on the dataset (`Problem.earlier`).
    `uses_assertions`: it starts from those that people keep for the dataset (`Problem.assertions`).
    """

    target: str
    summary: str
    transfers: bool = False
    uses_assertions: bool = False
    options: tuple[Option, ...] = ()


_RACE = {
    "block": (12, "Dev rows between two looks at a race, at least."),
    "alpha": (0.2, "How readily a race drops a candidate: the level of its test at each look."),
}

STRATEGIES: Mapping[str, Entry] = MappingProxyType(
    {
        "joint": Entry(
            target="optimizers.strategies.joint:Joint",
            summary="Searches criteria, solved examples, reasoning and threshold together, starting from "
            "people's labels and words.",
            transfers=True,
            options=_options(
                rounds=(12, "Rounds of moves at most; the budget or a lack of ideas may end it earlier."),
                patience=(3, "Rounds in a row without a better judge after which it ends."),
                without=((), "Ideas to leave out, by name."),
            ),
        ),
        "bootstrap_fewshot": Entry(
            target="optimizers.strategies.bootstrap_fewshot:BootstrapFewShot",
            summary="Chooses solved examples to show the judge, as many of each class, with rationales "
            "drawn from people's labels and critiques.",
            options=_options(
                trials=(40, "Candidates to try at most; the budget may end it earlier."),
                most_per_class=(4, "The largest number of solved examples shown of each class."),
                pool_per_class=(10, "Train rows of each class that are turned into solved examples."),
                sets=(6, "Different draws of solved examples for each number of them."),
                **_RACE,
            ),
        ),
        "instruction_search": Entry(
            target="optimizers.strategies.instruction_search:InstructionSearch",
            summary="Rewrites the instruction from the judge's false passes and false fails, and races "
            "instructions and solved examples against each other.",
            options=_options(
                rounds=(6, "Rounds of proposals at most; the budget may end it earlier."),
                proposals=(4, "Instructions asked for in a round."),
                combinations=(3, "Further combinations with solved examples that a round tries."),
                train_rows=(32, "Train rows that the best candidate judges in a round, to find mistakes."),
                sets=(3, "Sets of solved examples to choose from, besides none."),
                per_class=(3, "Solved examples of each class in a set."),
                **_RACE,
            ),
        ),
        "mipro": Entry(
            target="optimizers.strategies.mipro:Mipro",
            summary="DSPy's MIPROv2 on a class-balanced score, its candidates chosen again by kappa.",
            options=_options(
                most_trials=(40, "Trials of its search at most; the budget may allow fewer."),
                bootstrapped_demos=(4, "Examples with the judge's own rationale in a set, at most."),
                labeled_demos=(4, "Examples in a set at most, those without a rationale included."),
                temperature=(1.0, "Of the model that writes proposals."),
            ),
        ),
        "gepa": Entry(
            target="optimizers.strategies.gepa:Gepa",
            summary="DSPy's GEPA, reflecting on people's critiques, its candidates chosen again by kappa.",
            options=_options(
                reflection_rows=(3, "Train rows that a reflection sees."),
                most_evaluations=(
                    None,
                    "Row evaluations after which it ends; else what the budget pays.",
                ),
            ),
        ),
        "criteria": Entry(
            target="optimizers.strategies.criteria:Criteria",
            summary="Finds criteria, an assertion for each, and the set that agrees best with people.",
            transfers=True,
            uses_assertions=True,
            options=_options(
                rounds=(6, "Rounds of criteria from mistakes at most; the budget may end it earlier."),
                patience=(2, "Rounds in a row without a better set after which it ends."),
                most=(24, "Assertions of a set at most; each prompt is a call on each row in use."),
            ),
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

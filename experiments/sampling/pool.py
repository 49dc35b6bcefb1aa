"""A world's assertions: small judges that each ask for one criterion, and what they say of every row."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.standin.worlds import Prompt
from experiments.worlds import SimulatedJudge
from experiments.worlds.prompts import LENIENT, STRICT
from optimizers.types import Label, Part

_DISTRACTIONS = 6
_TONES = ("", f" {STRICT[0]}.", f" {LENIENT[0]}.")


@dataclass(frozen=True, kw_only=True)
class AssertionPool:
    """What candidate assertions say of a world's rows.

    `fails` has shape (rows, assertions): the probability of fail in [0, 1], NaN where the answer cannot be
    read. `criteria` names each assertion's criterion. `bad` are people's labels; rows with `to_label` may
    be labelled, the others measure.
    """

    world: str
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    criteria: tuple[str, ...]
    fails: NDArray[np.float64]
    bad: NDArray[np.bool_]
    truly_bad: NDArray[np.bool_]
    to_label: NDArray[np.bool_]


def assertion_pool(world: SimulatedJudge) -> AssertionPool:
    """Ask each assertion about each row. The same for the same world.

    People suggest the right criteria and others: all the world's kinds of defect and some distractions,
    each in two wordings and three tones, as several candidates are drawn for each criterion.
    """
    terms = (*world.file.terms.kinds, *world.file.terms.distractions[:_DISTRACTIONS])
    asked = [
        (term.id, f"fail an output with this problem: {phrase}.{tone}")
        for term in terms
        for phrase in term.phrases[:2]
        for tone in _TONES
    ]
    rows = world.file.rows
    return AssertionPool(
        world=f"{world.file.name}/{world.mechanism}/{world.file.seed}",
        ids=tuple(row.id for row in rows),
        groups=tuple(world.file.groups[row.id] for row in rows),
        criteria=tuple(criterion for criterion, _ in asked),
        fails=np.array([_said(world, text) for _, text in asked]).T,
        bad=np.array([row.label is Label.FAIL for row in rows]),
        truly_bad=np.array([row.kind is not None for row in rows]),
        to_label=np.array([world.file.split.parts[row.id] is Part.TEST for row in rows]),
    )


def _said(world: SimulatedJudge, text: str) -> Sequence[float]:
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    prompt = Prompt(text=text, instruction=text, shown=(), digest=digest)
    found = [world.judge(row, prompt) for row in world.rows]
    return [one.fail_probability if one.readable else np.nan for one in found]

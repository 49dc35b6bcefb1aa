"""Kappa by the number of labels, for each sampler, on one world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from experiments.sampling.learners import LEARNERS
from experiments.sampling.pool import AssertionPool, assertion_pool
from experiments.worlds import MECHANISMS, make_world_file, read_labelled
from experiments.worlds.cases import Case
from optimizers.sampling import SAMPLERS, LabellingState, NearThreshold, Sampler

LABELS = (10, 20, 30, 40, 50, 60, 80, 100, 120, 150)
"""Where kappa is measured."""

BATCH = 5
"""Labels that are given before the next rows are chosen."""


JUDGE = "judge"
ORDERS: Mapping[str, Sampler] = MappingProxyType(
    {name: entry.sampler for name, entry in SAMPLERS.items()}
    | {"near_threshold": NearThreshold(candidate=JUDGE)}
)
"""The samplers that are compared, by name; `near_threshold` goes by one prompt that asks for all criteria."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Held-out kappa of a learner at each of `LABELS`, with rows chosen by a sampler."""

    case: Case
    sampler: str
    learner: str
    kappas: tuple[float, ...]


def curves(data: Path, case: Case, samplers: Sequence[str]) -> list[Curve]:
    """All curves of a world; each sampler's rows serve all learners."""
    world = MECHANISMS[case.mechanism](make_world_file(read_labelled(data / f"{case.file}.csv"), case.seed))
    pool = assertion_pool(world)
    found = []
    for name in samplers:
        orders = picked(pool, ORDERS[name], seed=case.seed)
        for learner, learn in LEARNERS.items():
            kappas = tuple(learn(pool, orders[:n]) for n in LABELS)
            found.append(Curve(case=case, sampler=name, learner=learner, kappas=kappas))
    return found


def picked(pool: AssertionPool, sampler: Sampler, *, seed: int) -> tuple[str, ...]:
    """The first rows that `sampler` picks, in order, a batch at a time, each labelled before the next."""
    seen = {**pool.outcomes, JUDGE: pool.judge} if isinstance(sampler, NearThreshold) else pool.outcomes
    state = LabellingState(open_rows=pool.to_label, outcomes=seen, groups=pool.groups)
    order: list[str] = []
    while len(order) < LABELS[-1]:
        batch = sampler.next(state, BATCH, seed=seed).rows
        order += batch
        state = state.with_labels({row: pool.labels[row] for row in batch})
    return tuple(order)

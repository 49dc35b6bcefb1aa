"""What is known when people ask for the next rows to label, and what every sampler is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from optimizers.errors import InvalidInput
from optimizers.types import Label, Outcome
from optimizers.votes import answers

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LabellingState:
    """What is known of a dataset's rows.

    `open_rows` are the ids that may be picked; `labels` are people's, by id, of other rows. `outcomes` are
    those of candidates (assertions or judges), by candidate and id; they may be few, or none while
    candidates still run. `groups` names each row's group; a row without an entry is its own.
    """

    open_rows: Sequence[str]
    labels: Mapping[str, Label] = field(default_factory=dict)
    outcomes: Mapping[str, Mapping[str, Outcome]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """All rows, open and labelled, sorted: what the columns below stand for."""
        return tuple(sorted({*self.open_rows, *self.labels}))

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """The candidates, sorted."""
        return tuple(sorted(self.outcomes))

    @cached_property
    def log_odds(self) -> Array:
        """Of fail, shape (rows, candidates), 0 where there is no verdict."""
        return answers(self.rows, self.candidates, self.outcomes)

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """Shape (rows,): which may be picked."""
        may = set(self.open_rows) - self.labels.keys()
        return np.array([row in may for row in self.rows], dtype=np.bool_)

    def with_labels(self, labels: Mapping[str, Label]) -> "LabellingState":
        """The state after `labels` more; what was computed from verdicts is kept."""
        after = replace(self, labels={**self.labels, **labels})
        if "log_odds" in self.__dict__ and after.rows == self.rows:
            after.__dict__["log_odds"] = self.log_odds
        return after


@dataclass(frozen=True, kw_only=True, slots=True)
class Picks:
    """The rows to label next, best first, and what is recorded with each as `picked_by`: `random` where no
    verdict had a say, so that they may measure a judge, and the sampler's name otherwise."""

    rows: tuple[str, ...]
    picked_by: str


class Sampler(Protocol):
    """Chooses what people label next."""

    @property
    def name(self) -> str:
        """What people choose it by."""
        ...

    def next(self, state: LabellingState, n: int, *, seed: int) -> Picks:
        """`n` different open rows, or all that are left. The same for the same state and seed.

        Raises:
            InvalidInput: `n` is below 1.
        """
        ...


def scatter(rows: Sequence[str], seed: int) -> Array:
    """A number in [0, 1) for each row, drawn by `seed` and the row's id, whatever the others are."""
    digests = [hashlib.sha256(f"{seed}/{row}".encode("utf-8", "surrogatepass")).digest() for row in rows]
    return np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])


def by_chance(state: LabellingState, n: int, *, seed: int) -> tuple[str, ...]:
    """`n` open rows, each as probable as any other."""
    if n < 1:
        raise InvalidInput(f"n must be 1 or more, got {n}")
    chance = scatter(state.rows, seed)
    return tuple(state.rows[i] for i in np.argsort(chance) if state.is_open[i])[:n]


def best_first(state: LabellingState, value: Array, n: int, *, seed: int) -> tuple[str, ...]:
    """The open rows with the highest `value` (shape: rows); ties by chance, a group again only when all
    groups have been taken once."""
    if n < 1:
        raise InvalidInput(f"n must be 1 or more, got {n}")
    chance = scatter(state.rows, seed)
    order = np.lexsort((chance, -value))
    ranked = [state.rows[i] for i in order if state.is_open[i]]
    turns: dict[str, int] = {}
    turned = []
    for place, row in enumerate(ranked):
        group = state.groups.get(row, row)
        turns[group] = turns.get(group, -1) + 1
        turned.append((turns[group], place, row))
    return tuple(row for _, _, row in sorted(turned)[:n])

"""What every peer is given, and what it has to give back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from optimizers.types import Example, Label, LabelledExample, ModelRef, Part, Snapshot


@dataclass(frozen=True, kw_only=True)
class Task:
    """The same for every peer: labelled train and dev rows, a criterion, a model behind an address.

    A peer may do with train and dev what it likes. `calls` is its budget, for peers that take one.
    `folder` is for whatever it must write, and goes away. `keys` finds a provider's key by the name of
    its variable.
    """

    snapshot: Snapshot
    model: ModelRef
    proposer: ModelRef
    seed: int
    folder: Path
    keys: Callable[[str], str | None]
    calls: int = 0
    threads: int = 4
    simulated: bool = False

    @property
    def criterion(self) -> str:
        """What pass means."""
        return self.snapshot.criterion

    @property
    def train(self) -> tuple[LabelledExample, ...]:
        """Rows to learn from."""
        return self.snapshot.part(Part.TRAIN)

    @property
    def dev(self) -> tuple[LabelledExample, ...]:
        """Rows to select on."""
        return self.snapshot.part(Part.DEV)


Found = Callable[[Sequence[Example]], Sequence[Label | None]]
"""The judge that a peer found: its labels for rows, `None` where it gives no verdict."""


Find = Callable[[Task], Found]
"""A peer: finds a judge. All calls until it returns are the search's."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A peer in the benchmark. `least_calls` is the smallest budget that it can use; `None` for peers
    that take no budget. `note` says what it is, for the report."""

    find: Find
    note: str
    least_calls: int | None = None


Peers = Mapping[str, Entry]

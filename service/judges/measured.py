"""What is known of a version's agreement with people, from rows that it was not built from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import numpy as np

from optimizers.intervals import Agreement, agreement
from optimizers.restoring import restore, to_plain
from optimizers.types import Label

SEED = 0
"""Of the intervals: the same verdicts have the same interval."""


class MeasuredBy(StrEnum):
    """Who says so."""

    RUN = "run"
    """The final test of a run of this service."""
    EVALUATION = "evaluation"
    """An evaluation of this service."""
    FILE = "file"
    """The judge's own file, from elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """An agreement, and who measured it."""

    by: MeasuredBy
    agreement: Agreement

    def to_plain(self) -> dict[str, Any]:
        """As a version keeps it."""
        return cast("dict[str, Any]", to_plain(self))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Measured":
        """What `to_plain` made."""
        return restore(cls, plain)


def agree(truth: Sequence[Label], judged: Sequence[Label | None], groups: Sequence[str]) -> Agreement:
    """The agreement of parallel labels and verdicts, with the same interval each time."""
    return agreement(truth, judged, groups, rng=np.random.default_rng(SEED))

"""Which label of a row counts, when several people (or a file) have said something."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from optimizers.types import Label


class LabelSource(StrEnum):
    """Why a label counts, or why none does."""

    GIVEN = "given"
    """The file's explicit label: the reference."""
    MAJORITY = "majority"
    """More annotators said this than the other."""
    ADJUDICATED = "adjudicated"
    """Somebody corrected the reference or settled a tie."""
    TIE = "tie"
    """As many on either side: no label counts until somebody settles it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One annotator's last word. Of several that adjudicate, the last in order counts."""

    annotator: str
    label: Label
    critique: str | None = None
    adjudicates: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The label that counts, why, and the critique that explains it."""

    label: Label | None
    source: LabelSource | None
    critique: str | None


def decide(given: Label | None, given_critique: str | None, votes: Sequence[Vote]) -> Decision:
    """Adjudication first, then the explicit label, then the majority. `votes` are oldest first.

    A critique follows its label: that of the row is dropped when somebody overrules its label.
    """
    settled = [vote for vote in votes if vote.adjudicates]
    if settled:
        last = settled[-1]
        kept = given_critique if given in (last.label, None) else None
        return Decision(label=last.label, source=LabelSource.ADJUDICATED, critique=last.critique or kept)
    if given is not None:
        return Decision(label=given, source=LabelSource.GIVEN, critique=given_critique)
    return _majority(given_critique, votes)


def _majority(given_critique: str | None, votes: Sequence[Vote]) -> Decision:
    counts = Counter(vote.label for vote in votes)
    if not counts:
        return Decision(label=None, source=None, critique=given_critique)
    if counts[Label.PASS] == counts[Label.FAIL]:
        return Decision(label=None, source=LabelSource.TIE, critique=given_critique)
    label = max(counts, key=lambda one: counts[one])
    words = [vote.critique for vote in votes if vote.label is label and vote.critique]
    return Decision(label=label, source=LabelSource.MAJORITY, critique=words[0] if words else given_critique)


def corrects(before: Decision) -> bool:
    """Whether a new label on a row that stands like this is a correction rather than one more vote."""
    return before.source in (LabelSource.GIVEN, LabelSource.ADJUDICATED, LabelSource.TIE)

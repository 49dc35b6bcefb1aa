"""After a criterion changes: which earlier labels are worth another look, and why.

People grade by what a criterion says at the time, and grading changes what it says (Shankar and others,
Who Validates the Validators?, 2024, call it criteria drift). Nothing is relabelled here: rows are listed.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sklearn.feature_extraction.text import TfidfVectorizer

from optimizers.joint.criteria import content_words
from optimizers.types import Label

LEAST_LIKENESS = 0.1
"""Cosine from which on a critique is taken to speak of what changed."""

_WORD = re.compile(r"[^\W_]+")
_FLIPPED, _ONLY_FLIPPED, _SPEAKS, _EARLIER = 0.8, 0.4, 0.6, 0.05


class Ground(StrEnum):
    """Why a label is in doubt, strongest first."""

    CONTRADICTED = "the new criterion's verdict contradicts the label, the old one's did not"
    FLIPPED = "the verdict changed, and another criterion may explain the label"
    CRITIQUE = "the critique speaks of what changed"
    EARLIER = "labelled before the change"


@dataclass(frozen=True, kw_only=True, slots=True)
class GradedRow:
    """A label as it stands. `labelled_at` and the change's time are on one scale, POSIX seconds say."""

    example_id: str
    label: Label
    labelled_at: float
    critique: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionChange:
    """A criterion's text before and after, and when it changed.

    `before` and `after` are verdicts of an assertion for the old and for the new text, by example id, where
    there are any (`None`: no verdict). `otherwise_failed` are the ids that another criterion fails.
    """

    old: str
    new: str
    at: float
    before: Mapping[str, Label | None]
    after: Mapping[str, Label | None]
    otherwise_failed: Collection[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """One row to look at again. `strength` is in [0, 1]; it ranks, and is no probability.

    `words` are those of the critique that the change added or took away.
    """

    example_id: str
    label: Label
    strength: float
    grounds: tuple[Ground, ...]
    words: tuple[str, ...] = ()


def doubtful_labels(change: CriterionChange, rows: Sequence[GradedRow]) -> tuple[Doubt, ...]:
    """Labels given before `change` that it puts in doubt, strongest first.

    A row on which both texts' verdicts are known and equal is not in doubt for its age alone: the change
    does not concern it. A verdict that moves towards the label gives no doubt either. Several grounds add
    up as 1 - product of (1 - strength).
    """
    earlier = [row for row in rows if row.labelled_at < change.at]
    speaking = _speaking(change, earlier)
    found = [_doubt(change, row, *speaking.get(row.example_id, (0.0, ()))) for row in earlier]
    return tuple(sorted((one for one in found if one), key=lambda one: (-one.strength, one.example_id)))


def _doubt(change: CriterionChange, row: GradedRow, likeness: float, words: tuple[str, ...]) -> Doubt | None:
    before, after = change.before.get(row.example_id), change.after.get(row.example_id)
    compared = before is not None and after is not None
    grounds: list[tuple[Ground, float]] = []
    if compared and before is not after and after is not row.label:
        explained = row.label is Label.FAIL and row.example_id in change.otherwise_failed
        ground = (Ground.FLIPPED, _ONLY_FLIPPED) if explained else (Ground.CONTRADICTED, _FLIPPED)
        grounds.append(ground)
    if likeness >= LEAST_LIKENESS:
        grounds.append((Ground.CRITIQUE, _SPEAKS * likeness))
    if not compared:
        grounds.append((Ground.EARLIER, _EARLIER))
    if not grounds:
        return None
    left = 1.0
    for _, weight in grounds:
        left *= 1 - weight
    return Doubt(
        example_id=row.example_id,
        label=row.label,
        strength=1 - left,
        grounds=tuple(ground for ground, _ in grounds),
        words=words if likeness >= LEAST_LIKENESS else (),
    )


def _speaking(change: CriterionChange, rows: Sequence[GradedRow]) -> dict[str, tuple[float, tuple[str, ...]]]:
    """For each row with a critique: its likeness (TF-IDF cosine, in [0, 1]) to the words that changed, and
    the words that it shares with them."""
    changed = content_words(change.old) ^ content_words(change.new)
    written = [row for row in rows if row.critique and content_words(row.critique)]
    if not changed or not written:
        return {}
    texts = [sorted(content_words(row.critique or "")) for row in written]
    weigh = TfidfVectorizer(analyzer=lambda words: words)
    vectors = weigh.fit_transform([*texts, sorted(changed)])
    alike = (vectors[:-1] @ vectors[-1].T).toarray().ravel()
    return {
        row.example_id: (float(likeness), _shared(row.critique or "", changed))
        for row, likeness in zip(written, alike, strict=True)
    }


def _shared(critique: str, changed: frozenset[str]) -> tuple[str, ...]:
    """The critique's own words, lower-case and sorted, whose stems are among those that changed."""
    return tuple(
        sorted({word for word in _WORD.findall(critique.casefold()) if content_words(word) & changed})
    )

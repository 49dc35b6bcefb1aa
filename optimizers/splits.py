"""Which part of a dataset a row belongs to: assigned once, by its group, for good.

Groups stay whole, classes are spread in proportion, the order of rows does not matter, and rows
that come later move none that are there. A run's seed has no say, so that no test row of one run
trains another.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from optimizers.errors import InvalidInput, NotEnoughLabels
from optimizers.types import Label, LabelledExample, Part, Split

EVALUATE_LABELS = 20
OPTIMIZE_LABELS = 50
OPTIMIZE_LABELS_PER_CLASS = 10
ADVISED_LABELS = (100, 400)
TRAFFIC = "traffic"
"""`picked_by` of rows that were drawn by chance from what a judge in use has judged."""
PICKED_BY_CHANCE = frozenset(("given", "order", "random", TRAFFIC))
"""`picked_by` of rows on whose choice no verdict had a say. A test of any others (picked because judges
disagreed, say) would be biased."""

LARGE_GROUP = 0.3
FEW_PER_CLASS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Fractions:
    """Shares of the labelled rows, each in [0, 1], together 1. `test=0` means: not measured.

    Raises:
        InvalidInput: a share is out of range, they do not add up to 1, or dev is 0.
    """

    train: float = 0.4
    dev: float = 0.3
    test: float = 0.3

    def __post_init__(self) -> None:
        for name, value in (("train", self.train), ("dev", self.dev), ("test", self.test)):
            if not 0 <= value <= 1:
                raise InvalidInput(f"split.{name} must be in [0, 1], got {value}")
        total = self.train + self.dev + self.test
        if abs(total - 1) > 1e-6:
            raise InvalidInput(f"split fractions must add up to 1, got {total:g}")
        if self.dev == 0:
            raise InvalidInput("split.dev must be above 0: candidates are compared on dev rows")

    def of(self, part: Part) -> float:
        """The share of `part`."""
        return {Part.TRAIN: self.train, Part.DEV: self.dev, Part.TEST: self.test}[part]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowKey:
    """What decides a labelled row's part."""

    id: str
    group_key: str
    label: Label
    picked_by: str = "given"


def may_measure(picked_by: str) -> bool:
    """Whether rows picked this way may be in a test, or in a labelled sample of traffic."""
    return picked_by in PICKED_BY_CHANCE


def row_key(row: LabelledExample) -> RowKey:
    """The key of a labelled example."""
    return RowKey(id=row.id, group_key=row.example.group_key, label=row.label, picked_by=row.picked_by)


def assign_parts(
    rows: Iterable[RowKey],
    fractions: Fractions,
    *,
    existing: Mapping[str, Part] | None = None,
) -> dict[str, Part]:
    """The part of every row, by id; parts in `existing` are kept as they are.

    New rows of a known group join it. New groups go, largest first and then in the order of their
    hash, to the part that lacks most of their classes. A row that was picked by what judges say of it
    never enters test: its group goes elsewhere, or, where the group is in test already, the row gets
    no part.
    """
    rows = list(rows)
    existing = existing or {}
    parts = {row.id: existing[row.id] for row in rows if row.id in existing}
    home = {row.group_key: existing[row.id] for row in rows if row.id in existing}
    counts = Counter((parts[row.id], row.label) for row in rows if row.id in parts)
    totals = Counter(row.label for row in rows)

    for group, members in _new_groups(rows, parts):
        part = home.get(group) or _neediest(group, members, fractions, counts, totals)
        for row in members:
            if part is Part.TEST and not may_measure(row.picked_by):
                continue
            parts[row.id] = part
            counts[part, row.label] += 1
    return parts


def _new_groups(rows: Sequence[RowKey], parts: Mapping[str, Part]) -> list[tuple[str, list[RowKey]]]:
    groups: dict[str, list[RowKey]] = {}
    for row in rows:
        if row.id not in parts:
            groups.setdefault(row.group_key, []).append(row)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), _scatter(item[0])))


def _scatter(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _neediest(
    group: str,
    members: Sequence[RowKey],
    fractions: Fractions,
    counts: Mapping[tuple[Part, Label], int],
    totals: Mapping[Label, int],
) -> Part:
    """The part whose lack of the group's classes is greatest; equals are told apart by a hash."""
    labels = Counter(row.label for row in members)
    biased = any(not may_measure(row.picked_by) for row in members)
    allowed = [p for p in Part if fractions.of(p) > 0 and not (biased and p is Part.TEST)]

    def lack(part: Part) -> float:
        wanted = {label: fractions.of(part) * totals[label] for label in labels}
        return sum(n * (wanted[label] - counts.get((part, label), 0)) for label, n in labels.items())

    return max(allowed, key=lambda part: (lack(part), _scatter(f"{group}/{part}")))


# --- are there enough labels? -----------------------------------------------------------------------


def require_labels_to_evaluate(labels: Iterable[Label]) -> None:
    """An evaluation needs 20 labels.

    Raises:
        NotEnoughLabels: with the number that is missing.
    """
    have = sum(1 for _ in labels)
    if have < EVALUATE_LABELS:
        missing = EVALUATE_LABELS - have
        raise NotEnoughLabels(
            f"an evaluation needs {EVALUATE_LABELS} labels, the dataset has {have}: {missing} more",
            {"labels": missing},
        )


def require_labels_to_optimize(labels: Iterable[Label]) -> None:
    """A run needs 50 labels, at least 10 of each class.

    Raises:
        NotEnoughLabels: with the numbers that are missing, for all and for each class.
    """
    counts = Counter(labels)
    have = counts.total()
    missing = {"labels": OPTIMIZE_LABELS - have}
    missing |= {label.value: OPTIMIZE_LABELS_PER_CLASS - counts[label] for label in Label}
    missing = {what: number for what, number in missing.items() if number > 0}
    if missing:
        lacks = ", ".join(f"{number} more {what}" for what, number in missing.items())
        raise NotEnoughLabels(
            f"a run needs {OPTIMIZE_LABELS} labels with at least {OPTIMIZE_LABELS_PER_CLASS} of each class; "
            f"the dataset has {have} ({counts[Label.PASS]} pass, {counts[Label.FAIL]} fail): {lacks}",
            missing,
        )


def split_warnings(rows: Sequence[LabelledExample], split: Split) -> tuple[str, ...]:
    """What about the parts makes a report's numbers weak, one sentence each."""
    return (*_large_groups(rows), *_thin_parts(rows, split))


def _large_groups(rows: Sequence[LabelledExample]) -> Iterable[str]:
    members = {row.example.group_key: row.example for row in rows}
    sizes = Counter(row.example.group_key for row in rows)
    for key, size in sizes.most_common():
        share = size / len(rows)
        if share < LARGE_GROUP:
            return
        group = members[key].group
        name = "one input" if group is None else f"one group ({group[:60]})"
        yield (
            f"{name} holds {size} of {len(rows)} rows ({share:.0%}); "
            "it lies in one part as a whole, so the parts differ in kind"
        )


def _thin_parts(rows: Sequence[LabelledExample], split: Split) -> Iterable[str]:
    counts = Counter((split.parts[row.id], row.label) for row in rows if row.id in split.parts)
    used = {part for part, _ in counts}
    for part in Part:
        for label in Label:
            n = counts[part, label]
            if part in used and n < FEW_PER_CLASS:
                yield f"the {part.value} part has only {n} rows labelled {label.value}"

"""What a dataset holds, counted by the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from optimizers.errors import NotEnoughLabels
from optimizers.kappa import MIN_SHARED_ROWS, Confusion, cohen_kappa
from optimizers.splits import (
    ADVISED_LABELS,
    EVALUATE_LABELS,
    OPTIMIZE_LABELS,
    OPTIMIZE_LABELS_PER_CLASS,
    require_labels_to_optimize,
)
from optimizers.types import Label
from service.datasets.adjudication import LabelSource
from service.datasets.schemas import HumanAgreementOut, Milestone, MilestoneOnTheWay, PairKappa
from service.datasets.tables import ExampleRow, LabelRow

LARGE_GROUP = 0.3
"""Share of the rows above which one group makes the parts differ in kind."""


@dataclass(kw_only=True)
class Counts:
    """Of one dataset."""

    examples: int = 0
    groups: int = 0
    largest_group: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    annotators: dict[str, int] = field(default_factory=dict)

    @property
    def labelled(self) -> int:
        """Rows with a label that counts."""
        return self.labels.total()

    @property
    def tied(self) -> int:
        """Rows that wait for adjudication."""
        return self.sources[LabelSource.TIE]


def count(session: Session, dataset_ids: Sequence[str]) -> dict[str, Counts]:
    """The counts of several datasets, in three statements."""
    counts: dict[str, Counts] = defaultdict(Counts)
    kinds = (ExampleRow.dataset_id, ExampleRow.label, ExampleRow.label_source, ExampleRow.part)
    query = select(*kinds, func.count()).where(col(ExampleRow.dataset_id).in_(dataset_ids)).group_by(*kinds)  # type: ignore[call-overload]  # SQLModel has no overload for five columns
    for dataset_id, label, source, part, n in session.exec(query):
        found = counts[dataset_id]
        found.examples += n
        found.labels.update({label: n} if label else {})
        found.sources.update({source: n} if source else {})
        found.parts.update({part: n} if part else {})
    _count_groups(session, dataset_ids, counts)
    _count_annotators(session, dataset_ids, counts)
    return counts


def _count_groups(session: Session, dataset_ids: Sequence[str], counts: dict[str, Counts]) -> None:
    sizes = (
        select(ExampleRow.dataset_id, func.count().label("size"))
        .where(col(ExampleRow.dataset_id).in_(dataset_ids))
        .group_by(col(ExampleRow.dataset_id), col(ExampleRow.group_key))
        .subquery()
    )
    query = select(sizes.c.dataset_id, func.count(), func.max(sizes.c.size)).group_by(sizes.c.dataset_id)
    for dataset_id, groups, largest in session.exec(query):
        counts[dataset_id].groups = groups
        counts[dataset_id].largest_group = largest


def _count_annotators(session: Session, dataset_ids: Sequence[str], counts: dict[str, Counts]) -> None:
    query = (
        select(LabelRow.dataset_id, LabelRow.annotator, func.count())
        .where(
            col(LabelRow.dataset_id).in_(dataset_ids), col(LabelRow.current), col(LabelRow.label).is_not(None)
        )
        .group_by(col(LabelRow.dataset_id), col(LabelRow.annotator))
        .order_by(col(LabelRow.annotator))
    )
    for dataset_id, annotator, n in session.exec(query):
        counts[dataset_id].annotators[annotator] = n


# --- agreement between people -----------------------------------------------------------------------


def human_agreement(session: Session, dataset_id: str) -> HumanAgreementOut | None:
    """Pairwise kappa of the annotators, counted by the database; `None` with fewer than two.

    The ceiling is the pair that shares most rows, as in `optimizers.kappa.human_agreement`.
    """
    cells = _shared_cells(session, dataset_id)
    pairs = sorted(
        (_pair(names, table) for names, table in cells.items()), key=lambda p: (-p.n, p.annotators)
    )
    if not pairs:
        return None
    return HumanAgreementOut(pairs=pairs, ceiling=pairs[0] if pairs[0].n >= MIN_SHARED_ROWS else None)


Cells = dict[tuple[str, str], Counter[tuple[str, str]]]


def _shared_cells(session: Session, dataset_id: str) -> Cells:
    one, other = aliased(LabelRow), aliased(LabelRow)
    query = (
        select(one.annotator, other.annotator, one.label, other.label, func.count())  # type: ignore[call-overload]  # no overload for five columns
        .join(
            other,
            and_(
                col(one.dataset_id) == col(other.dataset_id),
                col(one.example_id) == col(other.example_id),
                col(one.annotator) < col(other.annotator),
            ),
        )
        .where(one.dataset_id == dataset_id)
        .where(*(condition for row in (one, other) for condition in _stands(row)))
        .group_by(one.annotator, other.annotator, one.label, other.label)
    )
    cells: Cells = defaultdict(Counter)
    for a, b, label_a, label_b, n in session.exec(query):
        cells[a, b][label_a, label_b] = n
    return cells


def _stands(row: type[LabelRow]) -> tuple[ColumnElement[bool], ...]:
    return (col(row.current).is_(True), col(row.label).is_not(None))


def _pair(names: tuple[str, str], cells: Counter[tuple[str, str]]) -> PairKappa:
    table = Confusion(
        tp=cells[Label.FAIL, Label.FAIL],
        fp=cells[Label.PASS, Label.FAIL],
        fn=cells[Label.FAIL, Label.PASS],
        tn=cells[Label.PASS, Label.PASS],
    )
    return PairKappa(annotators=names, n=table.n, kappa=cohen_kappa(table))


# --- what to do next --------------------------------------------------------------------------------


def milestones(counts: Counts) -> list[MilestoneOnTheWay]:
    """The numbers of labels that unlock something, and what each still lacks."""
    steps = [(EVALUATE_LABELS, "evaluate", _lack(counts, EVALUATE_LABELS))]
    steps.append((OPTIMIZE_LABELS, "optimize", _lack_to_optimize(counts)))
    for advised, unlocks in zip(ADVISED_LABELS, ("narrower intervals", "a dependable test"), strict=True):
        steps.append((advised, unlocks, _lack(counts, advised)))
    return [
        MilestoneOnTheWay(labels=labels, unlocks=unlocks, missing=missing, reached=not missing)
        for labels, unlocks, missing in steps
    ]


def next_milestone(counts: Counts) -> Milestone | None:
    """The first that is not reached; `None` when there is nothing more to advise."""
    ahead = (step for step in milestones(counts) if not step.reached)
    return next((Milestone(labels=m.labels, unlocks=m.unlocks, missing=m.missing) for m in ahead), None)


def _lack(counts: Counts, labels: int) -> dict[str, int]:
    return {"labels": labels - counts.labelled} if counts.labelled < labels else {}


def _lack_to_optimize(counts: Counts) -> dict[str, int]:
    try:
        require_labels_to_optimize(_enough(counts))
    except NotEnoughLabels as error:
        return error.missing
    return {}


def _enough(counts: Counts) -> Iterable[Label]:
    """As many labels of each class as can matter to the gate."""
    return chain.from_iterable(repeat(label, min(counts.labels[label], OPTIMIZE_LABELS)) for label in Label)


def warnings(counts: Counts) -> list[str]:
    """What about the rows will make a judge's numbers weak, one sentence each."""
    found = []
    if counts.labelled and min(counts.labels[label] for label in Label) == 0:
        only = next(label for label in Label if counts.labels[label])
        found.append(f"all {counts.labelled} labels are {only}: agreement is undefined until there are both")
    elif counts.labelled >= OPTIMIZE_LABELS:
        rare = min(Label, key=lambda label: counts.labels[label])
        if counts.labels[rare] < OPTIMIZE_LABELS_PER_CLASS:
            found.append(f"only {counts.labels[rare]} of {counts.labelled} labels are {rare}")
    if counts.largest_group > 1 and counts.largest_group >= LARGE_GROUP * counts.examples:
        share = counts.largest_group / counts.examples
        found.append(
            f"one group holds {counts.largest_group} of {counts.examples} rows ({share:.0%}); it lies in one "
            "part as a whole (set `group`, or vary the inputs)"
        )
    if counts.tied:
        found.append(f"{counts.tied} rows have as many passes as fails: somebody has to settle them")
    return found

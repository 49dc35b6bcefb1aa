"""Datasets as they look outside, with their counts."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, and_, col, or_, select

from optimizers.types import Label, Part
from service.datasets import counts as counting
from service.datasets import marks
from service.datasets.actions import Stored
from service.datasets.counts import Counts
from service.datasets.schemas import (
    AnnotatorCount,
    ClassCounts,
    DatasetCreated,
    DatasetDetail,
    DatasetSummary,
    PartCounts,
    RefusedOut,
    SplitShares,
)
from service.datasets.tables import DatasetRow
from service.errors import CursorInvalid
from service.paging import Page, PageRequest, page_of


def page(session: Session, request: PageRequest) -> Page[DatasetSummary]:
    """Datasets, newest first.

    Raises:
        CursorInvalid: the cursor is of another list.
    """
    query = select(DatasetRow).order_by(col(DatasetRow.created_at).desc(), col(DatasetRow.id).desc())
    after = request.after_like(str, str)
    if after is not None:
        at, last_id = _moment(str(after[0])), str(after[1])
        created = col(DatasetRow.created_at)
        query = query.where(or_(created < at, and_(created == at, col(DatasetRow.id) < last_id)))
    rows = session.exec(query.limit(request.limit + 1)).all()
    counts = counting.count(session, [row.id for row in rows])
    return page_of(
        rows,
        request,
        key=lambda row: (row.created_at.isoformat(), row.id),
        show=lambda row: DatasetSummary(**_summary(row, counts.get(row.id) or Counts())),
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise CursorInvalid("cursor is not one of ours; send back the value of `next`")
    return moment


def detail(session: Session, dataset: DatasetRow) -> DatasetDetail:
    """One dataset with all that is counted about it."""
    return DatasetDetail(**_detail(session, dataset))


def created(session: Session, stored: Stored) -> DatasetCreated:
    """A dataset after an upload, with what the upload left out."""
    return DatasetCreated(
        **_detail(session, stored.dataset), added=stored.added, refused=RefusedOut.of(stored.refused)
    )


def _detail(session: Session, dataset: DatasetRow) -> dict[str, Any]:
    counts = counting.count(session, [dataset.id]).get(dataset.id) or Counts()
    return _summary(dataset, counts) | {
        "milestones": counting.milestones(counts),
        "marked": marks.count(session, dataset.id),
        "agreement": counting.human_agreement(session, dataset.id),
        "warnings": counting.warnings(counts),
        "understood": dataset.understood,
    }


def _summary(row: DatasetRow, counts: Counts) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "criterion": row.criterion,
        "label_mapping": row.label_mapping,
        "split": SplitShares(train=row.split_train, dev=row.split_dev, test=row.split_test),
        "created_at": row.created_at,
        "examples": counts.examples,
        "labelled": counts.labelled,
        "unlabelled": counts.examples - counts.labelled - counts.tied,
        "tied": counts.tied,
        "classes": ClassCounts(**{label.value: counts.labels[label] for label in Label}),
        "groups": counts.groups,
        "annotators": [AnnotatorCount(name=name, labels=n) for name, n in counts.annotators.items()],
        "parts": PartCounts(**{part.value: counts.parts[part] for part in Part}),
        "next_milestone": counting.next_milestone(counts),
    }

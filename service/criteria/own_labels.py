"""People's labels on one criterion alone, beside the overall ones; what was said before is kept."""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session, col, select

from optimizers.types import Label
from service.criteria import store
from service.criteria.schemas import CriterionLabelOut, NewCriterionLabel
from service.criteria.tables import CriterionLabelRow, CriterionRow
from service.datasets.store import get_example
from service.errors import Conflict, NotFound


def current(session: Session, criterion_id: str) -> Sequence[CriterionLabelRow]:
    """What people say now, oldest first."""
    query = select(CriterionLabelRow).where(
        CriterionLabelRow.criterion_id == criterion_id,
        col(CriterionLabelRow.current),
        col(CriterionLabelRow.label).is_not(None),
    )
    return session.exec(query.order_by(col(CriterionLabelRow.number))).all()


def majority(labels: Sequence[CriterionLabelRow]) -> dict[str, Label]:
    """The label of each example on which more people say one thing than the other."""
    said: dict[str, Counter[str]] = {}
    for row in labels:
        said.setdefault(row.example_id, Counter())[row.label or ""] += 1
    return {
        example_id: Label(counts.most_common(1)[0][0])
        for example_id, counts in said.items()
        if counts[Label.PASS] != counts[Label.FAIL]
    }


def put(
    session: Session,
    dataset_id: str,
    criterion_id: str,
    example_id: str,
    annotator: str,
    said: NewCriterionLabel,
) -> CriterionLabelOut:
    """Record a label as its annotator's last word on a criterion. The same word again changes nothing,
    unless the criterion has another text now: then it is said of that.

    Raises:
        NotFound: there is no such dataset, criterion or example.
        Conflict: the criterion is retired.
    """
    criterion = store.get_criterion(session, dataset_id, criterion_id)
    if criterion.retired_at is not None:
        raise Conflict(f"{criterion_id} is retired; restore it to label by it")
    get_example(session, dataset_id, example_id, lock=True)
    before = _last(session, criterion_id, example_id, annotator)
    new = CriterionLabelRow(
        criterion_id=criterion_id,
        criterion_version=criterion.version,
        example_id=example_id,
        annotator=annotator,
        label=said.label.value,
        critique=said.critique or None,
    )
    if before is not None and _same(before, new, criterion):
        return shown(before)
    return shown(_add(session, before, new))


def withdraw(session: Session, dataset_id: str, criterion_id: str, example_id: str, annotator: str) -> None:
    """Take a label back; the history keeps it.

    Raises:
        NotFound: there is no such dataset, criterion or example, or no such label.
    """
    criterion = store.get_criterion(session, dataset_id, criterion_id)
    get_example(session, dataset_id, example_id, lock=True)
    before = _last(session, criterion_id, example_id, annotator)
    if before is None or before.label is None:
        raise NotFound("label", f"{criterion_id}/{example_id}/{annotator}")
    gone = CriterionLabelRow(
        criterion_id=criterion_id,
        criterion_version=criterion.version,
        example_id=example_id,
        annotator=annotator,
        label=None,
    )
    _add(session, before, gone)


def shown(row: CriterionLabelRow) -> CriterionLabelOut:
    """As it looks outside."""
    return CriterionLabelOut.model_validate(row.model_dump() | {"at": row.created_at})


def _last(session: Session, criterion_id: str, example_id: str, annotator: str) -> CriterionLabelRow | None:
    query = select(CriterionLabelRow).where(
        CriterionLabelRow.criterion_id == criterion_id,
        CriterionLabelRow.example_id == example_id,
        CriterionLabelRow.annotator == annotator,
        col(CriterionLabelRow.current),
    )
    return session.exec(query).first()


def _same(before: CriterionLabelRow, new: CriterionLabelRow, criterion: CriterionRow) -> bool:
    of_this_text = before.created_at >= criterion.changed_at
    return of_this_text and (before.label, before.critique) == (new.label, new.critique)


def _add(session: Session, before: CriterionLabelRow | None, after: CriterionLabelRow) -> CriterionLabelRow:
    if before is not None:
        before.current = False
        session.add(before)
        session.flush()  # first, since one label of each annotator is current
    session.add(after)
    session.flush()
    return after

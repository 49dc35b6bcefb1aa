"""Pages of a dataset's rows, and what they look like outside."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session, col, or_, select

from optimizers.types import Label
from service.datasets import store
from service.datasets.adjudication import LabelSource
from service.datasets.schemas import AnnotatorLabel, ExampleDetail, ExampleOut, LabelEvent
from service.datasets.tables import ExampleRow, LabelRow
from service.errors import NotFound
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.paging import Page, PageRequest, page_of


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which rows; all that are set must hold."""

    labelled: bool | None = None
    """Whether a label counts on the row."""
    label: Literal["pass", "fail", "tie"] | None = None
    disagrees_with: str | None = None
    """An evaluation: rows whose label is not its verdict; no verdict never agrees."""


def page(session: Session, dataset_id: str, filters: Filters, request: PageRequest) -> Page[ExampleOut]:
    """Rows in the order of their arrival.

    Raises:
        NotFound: there is no such dataset, or no such evaluation of it.
        CursorInvalid: the cursor is of another list.
    """
    store.get_dataset(session, dataset_id)
    query = select(ExampleRow).where(ExampleRow.dataset_id == dataset_id)
    if filters.labelled is not None:
        has_label = col(ExampleRow.label).is_not(None)
        query = query.where(has_label if filters.labelled else ~has_label)
    if filters.label == "tie":
        query = query.where(ExampleRow.label_source == LabelSource.TIE.value)
    elif filters.label is not None:
        query = query.where(ExampleRow.label == filters.label)
    if filters.disagrees_with is not None:
        _require_evaluation(session, dataset_id, filters.disagrees_with)
        query = query.join(VerdictRow, col(VerdictRow.example_id) == col(ExampleRow.example_id)).where(
            VerdictRow.evaluation_id == filters.disagrees_with,
            col(ExampleRow.label).is_not(None),
            or_(col(VerdictRow.verdict).is_(None), col(VerdictRow.verdict) != col(ExampleRow.label)),
        )
    after = request.after_like(int)
    if after is not None:
        query = query.where(col(ExampleRow.number) > after[0])
    rows = session.exec(query.order_by(col(ExampleRow.number)).limit(request.limit + 1)).all()
    labels = store.current_labels(session, dataset_id, [row.example_id for row in rows])
    return page_of(
        rows,
        request,
        key=lambda row: (row.number or 0,),
        show=lambda row: ExampleOut(**_fields(row, labels.get(row.example_id, []))),
    )


def _require_evaluation(session: Session, dataset_id: str, evaluation_id: str) -> None:
    evaluation = session.get(EvaluationRow, evaluation_id)
    if evaluation is None or evaluation.dataset_id != dataset_id:
        raise NotFound("evaluation", evaluation_id)


def detail(session: Session, example: ExampleRow) -> ExampleDetail:
    """One row with its labels' history."""
    said = store.label_history(session, example.dataset_id, example.example_id)
    current = [row for row in said if row.current and row.label is not None]
    return ExampleDetail(
        **_fields(example, current), history=[*_given(example), *(_event(row) for row in said)]
    )


def _fields(row: ExampleRow, labels: list[LabelRow]) -> dict[str, Any]:
    return {
        "id": row.example_id,
        "input": row.input,
        "output": row.output,
        "group": row.group_name,
        "label": row.label,
        "label_source": row.label_source,
        "critique": row.critique,
        "picked_by": row.picked_by,
        "part": row.part,
        "labels": {
            note.annotator: AnnotatorLabel(label=Label(note.label or ""), critique=note.critique)
            for note in labels
        },
    }


def _given(example: ExampleRow) -> list[LabelEvent]:
    """What the file itself said comes first."""
    if example.given_label is None:
        return []
    first = LabelEvent(
        annotator=None,
        label=Label(example.given_label),
        critique=example.given_critique,
        picked_by="given",
        adjudicates=False,
        at=example.created_at,
    )
    return [first]


def _event(row: LabelRow) -> LabelEvent:
    return LabelEvent(
        annotator=row.annotator,
        label=Label(row.label) if row.label else None,
        critique=row.critique,
        picked_by=row.picked_by,
        adjudicates=row.adjudicates,
        at=row.created_at,
    )

"""Pages of a dataset's rows, and what they look like outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session, col, or_, select

from optimizers.errors import InvalidInput
from optimizers.types import Label
from service.datasets import store
from service.datasets.adjudication import LabelSource
from service.datasets.judged import latest_verdicts
from service.datasets.labelling import Told
from service.datasets.labelling_schemas import MarkKind, MarkOut, OwnLabel, VerdictOnRow
from service.datasets.marks import is_marked, marks_on
from service.datasets.schemas import AnnotatorLabel, ExampleDetail, ExampleOut, HiddenExample, LabelEvent
from service.datasets.tables import ExampleRow, LabelRow
from service.errors import NotFound
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.paging import Page, PageRequest, page_of

AnyExample = ExampleOut | HiddenExample


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who looks. With `blind`, what others and judges say is hidden until they have labelled the row."""

    annotator: str | None = None
    blind: bool = False


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which rows; all that are set must hold."""

    labelled: bool | None = None
    """Whether a label counts on the row."""
    label: Literal["pass", "fail", "tie"] | None = None
    disagrees_with: str | None = None
    """An evaluation: rows whose label is not its verdict; no verdict never agrees."""
    marked: MarkKind | None = None
    """By anybody; where an annotator asks, by them."""

    @property
    def telling(self) -> bool:
        """Whether their result alone says what people or judges think of its rows."""
        return self.label is not None or self.disagrees_with is not None


def page(
    session: Session, dataset_id: str, filters: Filters, request: PageRequest, viewer: Viewer
) -> Page[AnyExample]:
    """Rows in the order of their arrival.

    Raises:
        NotFound: there is no such dataset, or no such evaluation of it.
        CursorInvalid: the cursor is of another list.
        InvalidInput: who looks is to be blind, and is unnamed or filters by what is hidden.
    """
    _require_blindness(viewer, filters)
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
    if filters.marked is not None:
        query = query.where(is_marked(filters.marked, viewer.annotator))
    after = request.after_like(int)
    if after is not None:
        query = query.where(col(ExampleRow.number) > after[0])
    rows = session.exec(query.order_by(col(ExampleRow.number)).limit(request.limit + 1)).all()
    said = _said(session, dataset_id, [row.example_id for row in rows])
    return page_of(
        rows, request, key=lambda row: (row.number or 0,), show=lambda row: _seen_by(viewer, row, said)
    )


def by_ids(session: Session, dataset_id: str, ids: Sequence[str], viewer: Viewer) -> Page[AnyExample]:
    """These rows, in this order, with what the latest evaluations' judges said about them.

    Raises:
        NotFound: there is no such dataset, or no such row in it.
        InvalidInput: who looks is to be blind, and is unnamed.
    """
    _require_blindness(viewer, Filters())
    query = select(ExampleRow).where(ExampleRow.dataset_id == dataset_id, col(ExampleRow.example_id).in_(ids))
    rows = {row.example_id: row for row in session.exec(query)}
    if len(rows) < len(set(ids)):
        store.get_dataset(session, dataset_id)
        raise NotFound("example", next(example_id for example_id in ids if example_id not in rows))
    said = _said(session, dataset_id, ids)
    said.verdicts = latest_verdicts(session, dataset_id, ids)
    return Page(items=[_seen_by(viewer, rows[example_id], said) for example_id in ids])


def require_no_filter(filters: Filters) -> None:
    """Rows that are named are given as they are named.

    Raises:
        InvalidInput: a filter is set beside the ids.
    """
    if filters != Filters():
        raise InvalidInput("id names the rows: it cannot be combined with a filter")


def _require_blindness(viewer: Viewer, filters: Filters) -> None:
    if viewer.blind and viewer.annotator is None:
        raise InvalidInput("blind needs annotator: whose labels open a row?")
    if viewer.blind and filters.telling:
        raise InvalidInput("blind allows no filter by label or disagrees_with: its result would tell both")


@dataclass(kw_only=True)
class _Said:
    """What people and judges say about some rows, by example id."""

    labels: dict[str, list[LabelRow]]
    marks: dict[str, dict[str, MarkOut]]
    verdicts: dict[str, list[VerdictOnRow]] | None = None


def _said(session: Session, dataset_id: str, ids: Sequence[str]) -> _Said:
    return _Said(
        labels=store.current_labels(session, dataset_id, ids), marks=marks_on(session, dataset_id, ids)
    )


def _seen_by(viewer: Viewer, row: ExampleRow, said: _Said) -> AnyExample:
    labels, marks = said.labels.get(row.example_id, []), said.marks.get(row.example_id, {})
    own = next((note for note in labels if note.annotator == viewer.annotator), None)
    mine: dict[str, Any] = {"own": _own(own) if own else None, "mark": marks.get(viewer.annotator or "")}
    if viewer.blind and own is None:
        return HiddenExample(**_texts(row), **mine)
    verdicts = said.verdicts.get(row.example_id, []) if said.verdicts is not None else None
    return ExampleOut(**_fields(row, labels, marks), **mine, verdicts=verdicts)


def _own(note: LabelRow) -> OwnLabel:
    return OwnLabel(
        label=Label(note.label or ""), critique=note.critique, picked_by=note.picked_by, at=note.created_at
    )


def _require_evaluation(session: Session, dataset_id: str, evaluation_id: str) -> None:
    evaluation = session.get(EvaluationRow, evaluation_id)
    if evaluation is None or evaluation.dataset_id != dataset_id:
        raise NotFound("evaluation", evaluation_id)


def detail(row: Told) -> ExampleDetail:
    """One row with its labels' history."""
    return ExampleDetail(
        **_fields(row.example, row.current, row.marks),
        history=[*_given(row.example), *(_event(note) for note in row.history)],
    )


def _texts(row: ExampleRow) -> dict[str, Any]:
    return {"id": row.example_id, "input": row.input, "output": row.output, "group": row.group_name}


def _fields(row: ExampleRow, labels: list[LabelRow], marks: dict[str, MarkOut]) -> dict[str, Any]:
    return _texts(row) | {
        "label": row.label,
        "label_source": row.label_source,
        "critique": row.critique,
        "picked_by": row.picked_by,
        "part": row.part,
        "labels": {
            note.annotator: AnnotatorLabel(label=Label(note.label or ""), critique=note.critique)
            for note in labels
        },
        "marks": marks,
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

"""One person's label on one example: given, corrected, taken back; what was said before is kept."""

from dataclasses import dataclass

from sqlmodel import Session

from optimizers.splits import TRAFFIC, may_measure
from optimizers.types import Label
from service.datasets import store
from service.datasets.adjudication import Decision, LabelSource, corrects, decide
from service.datasets.labelling_schemas import SECOND_LOOKS, MarkOut
from service.datasets.marks import remove_mark, shown
from service.datasets.schemas import NewLabel
from service.datasets.tables import ExampleRow, LabelRow
from service.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Told:
    """A row with all that annotators ever said about it, oldest first, and their marks."""

    example: ExampleRow
    history: list[LabelRow]
    marks: dict[str, MarkOut]

    @property
    def current(self) -> list[LabelRow]:
        """What annotators say now."""
        return [note for note in self.history if note.current and note.label is not None]

    def own(self, annotator: str) -> LabelRow | None:
        """An annotator's last word; it may be that they took their label back."""
        return next((note for note in self.history if note.current and note.annotator == annotator), None)


def told(session: Session, dataset_id: str, example_id: str, *, lock: bool = False) -> Told:
    """One row with its labels' history and its marks.

    Raises:
        NotFound: there is no such dataset or example.
    """
    example = store.get_example(session, dataset_id, example_id, lock=lock)
    return Told(
        example=example,
        history=store.label_history(session, dataset_id, example_id),
        marks={mark.annotator: shown(mark) for mark in store.marks_of(session, dataset_id, example_id)},
    )


def put_label(session: Session, dataset_id: str, example_id: str, annotator: str, said: NewLabel) -> Told:
    """Record a label as its annotator's last word; the same word again changes nothing, but where they
    were asked to look again: that they did is worth knowing.

    Raises:
        NotFound: there is no such dataset or example.
    """
    row = told(session, dataset_id, example_id, lock=True)
    example, before = row.example, row.own(annotator)
    adjudicates = said.adjudicates
    if adjudicates is None:
        adjudicates = (before is not None and before.adjudicates) or corrects(_decision(example))
    _end_skip(session, row, annotator)
    same = before is not None and _same(before, said, adjudicates=adjudicates)
    if same and said.picked_by not in SECOND_LOOKS:
        return row
    if example.label_source is None:
        example.picked_by = _picked_by(example, said)
    new = LabelRow(
        dataset_id=dataset_id,
        example_id=example_id,
        annotator=annotator,
        label=said.label.value,
        critique=said.critique or None,
        picked_by=said.picked_by,
        adjudicates=adjudicates,
    )
    return _add(session, row, before, new)


def _picked_by(example: ExampleRow, said: NewLabel) -> str:
    """Why the row is labelled. A row of a judge's traffic stays one, unless verdicts had a say now."""
    kept = example.picked_by == TRAFFIC and may_measure(said.picked_by)
    return TRAFFIC if kept else said.picked_by


def _end_skip(session: Session, row: Told, annotator: str) -> None:
    """A row that its annotator labels is skipped no longer."""
    mark = row.marks.get(annotator)
    if mark is not None and mark.kind == "skip":
        remove_mark(session, row.example, annotator)
        del row.marks[annotator]


def withdraw_label(session: Session, dataset_id: str, example_id: str, annotator: str) -> Told:
    """Take an annotator's label back; the row stands as if it had not been given, but for its history.

    Raises:
        NotFound: there is no such dataset or example, or the annotator has no label on it.
    """
    row = told(session, dataset_id, example_id, lock=True)
    before = row.own(annotator)
    if before is None or before.label is None:
        raise NotFound("label", f"{example_id}/{annotator}")
    gone = LabelRow(dataset_id=dataset_id, example_id=example_id, annotator=annotator, label=None)
    return _add(session, row, before, gone)


def _same(before: LabelRow, said: NewLabel, *, adjudicates: bool) -> bool:
    return (before.label, before.critique, before.adjudicates) == (
        said.label.value,
        said.critique or None,
        adjudicates,
    )


def _add(session: Session, row: Told, before: LabelRow | None, after: LabelRow) -> Told:
    if before is not None:
        before.current = False
        session.flush()  # first, since one label of each annotator is current
    session.add(after)
    row.history.append(after)
    _settle(row)
    session.flush()
    return row


def _settle(row: Told) -> None:
    """Let the row's label, its source and its critique follow from what everybody says now."""
    example = row.example
    given = Label(example.given_label) if example.given_label else None
    decision = decide(given, example.given_critique, store.votes_of(row.current))
    example.label = decision.label.value if decision.label else None
    example.label_source = decision.source.value if decision.source else None
    example.critique = decision.critique


def _decision(example: ExampleRow) -> Decision:
    return Decision(
        label=Label(example.label) if example.label else None,
        source=LabelSource(example.label_source) if example.label_source else None,
        critique=example.critique,
    )

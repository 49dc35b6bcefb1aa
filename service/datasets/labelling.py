"""One person's label on one example: given, corrected, taken back; what was said before is kept."""

from sqlmodel import Session, col, select

from optimizers.types import Label
from service.datasets import store
from service.datasets.adjudication import Decision, LabelSource, corrects, decide
from service.datasets.marks import end_skip
from service.datasets.schemas import NewLabel
from service.datasets.tables import ExampleRow, LabelRow
from service.errors import NotFound


def put_label(
    session: Session, dataset_id: str, example_id: str, annotator: str, said: NewLabel
) -> ExampleRow:
    """Record a label as its annotator's last word; the same word again changes nothing.

    Raises:
        NotFound: there is no such dataset or example.
    """
    example = store.get_example(session, dataset_id, example_id, lock=True)
    before = _own_label(session, example, annotator)
    adjudicates = said.adjudicates
    if adjudicates is None:
        adjudicates = (before is not None and before.adjudicates) or corrects(_decision(example))
    end_skip(session, dataset_id, example_id, annotator)
    if before is not None and _same(before, said, adjudicates=adjudicates):
        return example
    if example.label_source is None:
        example.picked_by = said.picked_by
    new = LabelRow(
        dataset_id=dataset_id,
        example_id=example_id,
        annotator=annotator,
        label=said.label.value,
        critique=said.critique or None,
        picked_by=said.picked_by,
        adjudicates=adjudicates,
    )
    return _replace(session, example, before, new)


def withdraw_label(session: Session, dataset_id: str, example_id: str, annotator: str) -> ExampleRow:
    """Take an annotator's label back; the row stands as if it had not been given, but for its history.

    Raises:
        NotFound: there is no such dataset or example, or the annotator has no label on it.
    """
    example = store.get_example(session, dataset_id, example_id, lock=True)
    before = _own_label(session, example, annotator)
    if before is None or before.label is None:
        raise NotFound("label", f"{example_id}/{annotator}")
    gone = LabelRow(dataset_id=dataset_id, example_id=example_id, annotator=annotator, label=None)
    return _replace(session, example, before, gone)


def _own_label(session: Session, example: ExampleRow, annotator: str) -> LabelRow | None:
    query = select(LabelRow).where(
        LabelRow.dataset_id == example.dataset_id,
        LabelRow.example_id == example.example_id,
        LabelRow.annotator == annotator,
        col(LabelRow.current),
    )
    return session.exec(query).first()


def _same(before: LabelRow, said: NewLabel, *, adjudicates: bool) -> bool:
    return (before.label, before.critique, before.adjudicates) == (
        said.label.value,
        said.critique or None,
        adjudicates,
    )


def _replace(session: Session, example: ExampleRow, before: LabelRow | None, after: LabelRow) -> ExampleRow:
    if before is not None:
        before.current = False
        session.add(before)
        session.flush()  # first, since one label of each annotator is current
    session.add(after)
    session.flush()
    _settle(session, example)
    return example


def _settle(session: Session, example: ExampleRow) -> None:
    """Let the row's label, its source and its critique follow from what everybody says now."""
    labels = store.current_labels(session, example.dataset_id, [example.example_id])
    given = Label(example.given_label) if example.given_label else None
    decision = decide(given, example.given_critique, store.votes_of(labels.get(example.example_id, [])))
    example.label = decision.label.value if decision.label else None
    example.label_source = decision.source.value if decision.source else None
    example.critique = decision.critique
    session.add(example)
    session.flush()


def _decision(example: ExampleRow) -> Decision:
    return Decision(
        label=Label(example.label) if example.label else None,
        source=LabelSource(example.label_source) if example.label_source else None,
        critique=example.critique,
    )

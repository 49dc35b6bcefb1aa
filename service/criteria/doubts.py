"""Labels that the last change of a criterion's text puts in doubt. Nothing is relabelled."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from optimizers.types import Label, Outcome
from service.criteria import own_labels, store, verdicts
from service.criteria.statistics_schemas import CriterionChanged, DoubtOut, DoubtsOut
from service.criteria.tables import AssertionRow, CriterionEntryRow, CriterionRow
from service.datasets.tables import ExampleRow, LabelRow

if TYPE_CHECKING:
    from optimizers.doubt import CriterionChange, Doubt, GradedRow


def doubts(session: Session, dataset_id: str, criterion_id: str) -> DoubtsOut:
    """Overall labels, and labels on the criterion alone, that were given before its last change and that it
    may have made wrong, strongest first.

    Raises:
        NotFound: there is no such dataset or criterion.
    """
    criterion = store.get_criterion(session, dataset_id, criterion_id)
    changed = _last_change(store.entries(session, criterion_id))
    if changed is None:
        return DoubtsOut(criterion_id=criterion_id, change=None, compared=0, doubts=[])
    old, new = changed
    change = _change(session, criterion, old, new)
    overall = _overall_rows(session, dataset_id)
    found = [
        *_found(change, overall, None, None),
        *(
            doubt
            for annotator, rows in _own_rows(session, criterion_id).items()
            for doubt in _found(change, rows, criterion_id, annotator)
        ),
    ]
    compared = change.before.keys() & change.after.keys() & {row.example_id for row in overall}
    return DoubtsOut(
        criterion_id=criterion_id,
        change=CriterionChanged(
            version=new.version,
            old=old.text,
            new=new.text,
            author=new.author,
            note=new.note,
            at=new.created_at,
        ),
        compared=len(compared),
        doubts=sorted(found, key=lambda doubt: (-doubt.strength, doubt.example_id, doubt.annotator or "")),
    )


def _last_change(
    entries: Sequence[CriterionEntryRow],
) -> tuple[CriterionEntryRow, CriterionEntryRow] | None:
    """The entries before and after the text last became another."""
    pairs = list(pairwise(entries))
    return next(((old, new) for old, new in reversed(pairs) if old.text != new.text), None)


# --- what the change is -----------------------------------------------------------------------------


def _change(
    session: Session, criterion: CriterionRow, old: CriterionEntryRow, new: CriterionEntryRow
) -> "CriterionChange":
    from optimizers.doubt import CriterionChange  # noqa: PLC0415  # loads scikit-learn: only who asks waits

    live = store.assertions_of(session, criterion.dataset_id)
    own = store.assertions_of(session, criterion.dataset_id, criterion_id=criterion.id, retired=True)
    asked = verdicts.asked_model(session, criterion.dataset_id, None)
    said = verdicts.outcomes(session, [*live, *own], asked)
    before, after = _compared(own, said, old.text, new.text)
    others = [said[row.id] for row in live if row.criterion_id != criterion.id]
    return CriterionChange(
        old=old.text,
        new=new.text,
        at=new.created_at.timestamp(),
        before=before,
        after=after,
        otherwise_failed=frozenset(verdicts.failing(others)),
    )


def _compared(
    own: Sequence[AssertionRow], said: Mapping[str, Mapping[str, Outcome]], old: str, new: str
) -> tuple[dict[str, Label | None], dict[str, Label | None]]:
    """What the criterion's assertions said of the old and of the new text. Of several pairs of an assertion
    and what took its place the one counts that was asked about most rows of both."""
    by_id = {row.id: row for row in own}
    pairs = [
        (said[older.id], said[row.id])
        for row in own
        if row.criterion_text == new and (older := _ancestor(row, by_id, old)) is not None
    ]
    if not pairs:
        return {}, {}
    before, after = max(pairs, key=lambda pair: len(pair[0].keys() & pair[1].keys()))
    return verdicts.labels_of(before), verdicts.labels_of(after)


def _ancestor(row: AssertionRow, by_id: Mapping[str, AssertionRow], text: str) -> AssertionRow | None:
    """The assertion in whose place `row` came, directly or not, and that was about `text`."""
    found: AssertionRow | None = row
    while found is not None and found.criterion_text != text:
        found = by_id.get(found.replaces or "")
    return found


# --- the labels -------------------------------------------------------------------------------------


def _overall_rows(session: Session, dataset_id: str) -> list["GradedRow"]:
    """The labels that count. One is as old as the last word of somebody who says the same; what a file said
    is as old as its row."""
    from optimizers.doubt import GradedRow  # noqa: PLC0415  # as above

    last: dict[tuple[str, str], float] = {}
    said = select(LabelRow.example_id, LabelRow.label, LabelRow.created_at).where(
        LabelRow.dataset_id == dataset_id, col(LabelRow.current), col(LabelRow.label).is_not(None)
    )
    for example_id, label, at in session.exec(said):
        key = (example_id, label or "")
        last[key] = max(last.get(key, 0.0), at.timestamp())
    rows = session.exec(
        select(ExampleRow.example_id, ExampleRow.label, ExampleRow.critique, ExampleRow.created_at).where(
            ExampleRow.dataset_id == dataset_id, col(ExampleRow.label).is_not(None)
        )
    )
    return [
        GradedRow(
            example_id=example_id,
            label=Label(label or ""),
            labelled_at=last.get((example_id, label or ""), at.timestamp()),
            critique=critique,
        )
        for example_id, label, critique, at in rows
    ]


def _own_rows(session: Session, criterion_id: str) -> dict[str, list["GradedRow"]]:
    """Labels on the criterion alone, by annotator."""
    from optimizers.doubt import GradedRow  # noqa: PLC0415  # as above

    found: dict[str, list[GradedRow]] = {}
    for row in own_labels.current(session, criterion_id):
        found.setdefault(row.annotator, []).append(
            GradedRow(
                example_id=row.example_id,
                label=Label(row.label or ""),
                labelled_at=row.created_at.timestamp(),
                critique=row.critique,
            )
        )
    return found


def _found(
    change: "CriterionChange",
    rows: Sequence["GradedRow"],
    criterion_id: str | None,
    annotator: str | None,
) -> Iterator[DoubtOut]:
    from optimizers.doubt import doubtful_labels  # noqa: PLC0415  # as above

    critiques = {row.example_id: row.critique for row in rows}
    for doubt in doubtful_labels(change, rows):
        yield _shown(doubt, criterion_id, annotator, critiques[doubt.example_id])


def _shown(doubt: "Doubt", criterion_id: str | None, annotator: str | None, critique: str | None) -> DoubtOut:
    return DoubtOut(
        example_id=doubt.example_id,
        criterion_id=criterion_id,
        annotator=annotator,
        label=doubt.label,
        critique=critique,
        strength=doubt.strength,
        grounds=[ground.value for ground in doubt.grounds],
        words=list(doubt.words),
    )

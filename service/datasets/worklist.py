"""All rows of a dataset in the order in which one annotator works through them, without their texts."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlmodel import Session

from service.datasets import disagreement, sampled, store
from service.datasets.disagreement import Verdicts
from service.datasets.labelling_schemas import (
    MarkKind,
    Order,
    PickedBy,
    Worklist,
    WorklistCounts,
    WorklistRow,
)
from service.datasets.sampled import Ranked
from service.datasets.store import EXAMPLES, LABELS, MARKS


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose list it is, in which order. `seed` gives another random order; each annotator has their own."""

    annotator: str
    order: Order
    seed: int = 0


def worklist(session: Session, dataset_id: str, asked: Asked) -> Worklist:
    """The list as things stand. A random order stays as it is when rows are added: they come in between.

    Raises:
        NotFound: there is no such dataset.
    """
    store.get_dataset(session, dataset_id)
    rows = _rows(session, dataset_id, asked.annotator)
    verdicts = disagreement.verdicts(session, dataset_id) if asked.order == "disagreement" else None
    reason = verdicts.why_not if verdicts is not None else None
    order: Order = "given" if reason is not None else asked.order
    if order == "random":
        _pick(rows, "random")
        rows.sort(key=lambda row: _scatter(dataset_id, asked, row.id))
    elif order == "disagreement" and verdicts is not None:
        _pick_compared(rows, verdicts)
        rows.sort(key=lambda row: verdicts.disagreement(row.id), reverse=True)
    elif order in sampled.SAMPLERS:
        found = sampled.ranked(session, dataset_id, order, _open(rows), _seed(dataset_id, asked))
        order, reason = found.order, found.reason
        _arrange(rows, found)
    rows.sort(key=lambda row: row.mark == "skip")
    return Worklist(
        order=order,
        asked=asked.order,
        reason=reason,
        seed=asked.seed if order == "random" else None,
        disagreed_on=verdicts.disagreed_on if verdicts is not None and order == "disagreement" else 0,
        rows=rows,
        counts=_counts(rows),
    )


def _rows(session: Session, dataset_id: str, annotator: str) -> list[WorklistRow]:
    """In the order of their arrival. Read without the ORM, which takes longer than the database."""
    connection, own = session.connection(), _own_labels(session, dataset_id, annotator)
    marked = select(MARKS.c.example_id, MARKS.c.kind).where(
        MARKS.c.dataset_id == dataset_id, MARKS.c.annotator == annotator
    )
    marks: dict[str, MarkKind] = dict(connection.execute(marked).all())
    all_rows = select(EXAMPLES.c.example_id, EXAMPLES.c.label.is_not(None))
    in_order = all_rows.where(EXAMPLES.c.dataset_id == dataset_id).order_by(EXAMPLES.c.number)
    return [
        WorklistRow(
            id=example_id,
            label=own.get(example_id),
            mark=marks.get(example_id),
            settled=bool(settled),
            picked_by="order",
        )
        for example_id, settled in connection.execute(in_order)
    ]


def _open(rows: Iterable[WorklistRow]) -> list[str]:
    """Those that a sampler may pick: nobody's label counts on them, and the annotator has given none."""
    return [row.id for row in rows if not row.settled and row.label is None]


def _arrange(rows: list[WorklistRow], found: Ranked) -> None:
    """The picked rows first; then the open ones behind, which were not picked for a reason as well; then
    what others have settled, and what is labelled already."""
    places = {row_id: place for place, row_id in enumerate(found.rows)}
    if places:
        _pick((row for row in rows if not row.settled and row.label is None), found.picked_by)
        rows.sort(key=lambda row: (row.label is not None, row.settled, places.get(row.id, len(places))))


def _seed(dataset_id: str, asked: Asked) -> int:
    """Each annotator and seed has its own chance."""
    return int.from_bytes(_scatter(dataset_id, asked, "")[:4], "big")


def _own_labels(session: Session, dataset_id: str, annotator: str) -> dict[str, Literal["pass", "fail"]]:
    query = select(LABELS.c.example_id, LABELS.c.label).where(
        LABELS.c.dataset_id == dataset_id,
        LABELS.c.annotator == annotator,
        LABELS.c.current,
        LABELS.c.label.is_not(None),
    )
    return dict(session.connection().execute(query).all())


def _pick(rows: Iterable[WorklistRow], how: PickedBy) -> None:
    for row in rows:
        row.picked_by = how


def _pick_compared(rows: Iterable[WorklistRow], verdicts: Verdicts) -> None:
    """A row on which judges were compared has its place by that, at whichever end: no test may have it."""
    _pick((row for row in rows if verdicts.compared(row.id)), "disagreement")


def _scatter(dataset_id: str, asked: Asked, example_id: str) -> bytes:
    place = "\n".join((dataset_id, asked.annotator, str(asked.seed), example_id))
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).digest()


def _counts(rows: Sequence[WorklistRow]) -> WorklistCounts:
    return WorklistCounts(
        total=len(rows),
        labelled_by_you=sum(row.label is not None for row in rows),
        flagged=sum(row.mark == "flag" for row in rows),
        skipped=sum(row.mark == "skip" for row in rows),
        settled=sum(row.settled for row in rows),
    )

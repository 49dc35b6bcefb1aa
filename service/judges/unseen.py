"""Rows that a judge was not built from: on others its agreement with people flatters it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.artifact import Artifact
from optimizers.errors import NotEnoughLabels
from optimizers.splits import EVALUATE_LABELS, may_measure
from optimizers.types import Label, Part, Snapshot
from service.datasets.snapshots import load_snapshot
from service.datasets.store import BATCH_ROWS
from service.datasets.tables import ExampleRow
from service.errors import NotFound

PAGE_ROWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a judge was built from: train and dev rows of its run, and the examples in its prompt.

    `known` is false where the rows of its run are not at hand: then only the examples in its prompt are.
    """

    dataset_id: str | None = None
    groups: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    known: bool = True

    def holds(self, dataset_id: str | None, group_key: str, text: str) -> bool:
        """Whether a row of `dataset_id` with the input `text` has had a say: it, or one of its group."""
        return text in self.inputs or (dataset_id == self.dataset_id and group_key in self.groups)


def built_from(artifact: Artifact, snapshot: Snapshot | None) -> Built:
    """What `artifact` was built from; `snapshot` is the one that its provenance names, where it is here."""
    searched = [] if snapshot is None else [*snapshot.part(Part.TRAIN), *snapshot.part(Part.DEV)]
    shown = artifact.candidate.demonstrations if artifact.candidate else ()
    dataset_id = artifact.provenance.get("dataset_id")
    return Built(
        dataset_id=dataset_id if isinstance(dataset_id, str) else None,
        groups=frozenset(row.example.group_key for row in searched),
        inputs=frozenset((*(row.example.input for row in searched), *(shot.input for shot in shown))),
        known=snapshot is not None or "snapshot" not in artifact.provenance,
    )


def built_here(session: Session, artifact: Artifact) -> Built:
    """What `artifact` was built from, as far as this service knows its rows."""
    digest = artifact.provenance.get("snapshot")
    try:
        snapshot = load_snapshot(session, digest) if isinstance(digest, str) else None
    except NotFound:
        snapshot = None
    return built_from(artifact, snapshot)


@dataclass(kw_only=True)
class HeldOut:
    """Ids of labelled rows on which a judge may be measured, and how many were left out and why."""

    ids: list[str] = field(default_factory=list)
    built: int = 0
    """It was built from them, or from rows of their group."""
    picked: int = 0
    """They were labelled because of what judges said of them."""

    def add(self, row_id: str, *, built: bool, picked_by: str) -> None:
        """Count one labelled row."""
        if built:
            self.built += 1
        elif not may_measure(picked_by):
            self.picked += 1
        else:
            self.ids.append(row_id)

    def sample(self, most: int) -> Sequence[str]:
        """At most `most` of them: always the same, whatever the order of the rows."""
        return sorted(sorted(self.ids, key=_scatter)[:most])


def require_enough(labels: Sequence[Label], held: HeldOut) -> None:
    """A measurement needs 20 labelled rows that the judge was not built from, of both classes.

    Raises:
        NotEnoughLabels: with what is missing.
    """
    missing = {label.value: 1 for label in Label if label not in labels}
    if len(labels) < EVALUATE_LABELS:
        missing |= {"labels": EVALUATE_LABELS - len(labels)}
    if missing:
        had = f"{labels.count(Label.PASS)} pass and {labels.count(Label.FAIL)} fail"
        raise NotEnoughLabels(
            f"a measurement needs {EVALUATE_LABELS} labelled rows, of both classes, that the judge was not "
            f"built from; got {had} ({held.built} more it was built from, {held.picked} more were picked by "
            "verdicts)",
            missing,
        )


def held_out(session: Session, dataset_id: str, built: Built) -> HeldOut:
    """The dataset's labelled rows that `built` does not hold, and that were not picked by verdicts."""
    columns = (ExampleRow.example_id, ExampleRow.group_key, ExampleRow.input, ExampleRow.picked_by)
    statement = (
        select(*map(col, columns))
        .where(col(ExampleRow.dataset_id) == dataset_id, col(ExampleRow.label).is_not(None))
        .execution_options(yield_per=PAGE_ROWS)
    )
    found = HeldOut()
    for row_id, group_key, text, picked_by in session.execute(statement):
        found.add(row_id, built=built.holds(dataset_id, group_key, text), picked_by=picked_by)
    return found


def rows_of(session: Session, dataset_id: str, ids: Sequence[str]) -> Mapping[str, ExampleRow]:
    """These rows, by id."""
    found: dict[str, ExampleRow] = {}
    for start in range(0, len(ids), BATCH_ROWS):
        statement = select(ExampleRow).where(
            col(ExampleRow.dataset_id) == dataset_id,
            col(ExampleRow.example_id).in_(ids[start : start + BATCH_ROWS]),
        )
        rows: Iterable[ExampleRow] = session.scalars(statement)
        found.update((row.example_id, row) for row in rows)
    return found


def _scatter(row_id: str) -> bytes:
    return hashlib.sha256(row_id.encode("utf-8", "surrogatepass")).digest()

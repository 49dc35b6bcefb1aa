"""Random samples of a judge's traffic: put into its dataset for people to label, and read again labelled."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlmodel import Session, col

from optimizers.monitor import TrafficSample
from optimizers.splits import TRAFFIC, may_measure
from optimizers.types import Example, Label
from service.clock import now
from service.datasets import store as datasets
from service.datasets.ingest import Row
from service.datasets.tables import ExampleRow
from service.errors import Conflict
from service.judges.schemas import NewSample, SampleState
from service.judges.tables import JudgeRow, SampleRow, TrafficRow, VersionRow


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A sample as it was drawn; `left` more rows could be."""

    sample: SampleRow
    dataset_id: str
    example_ids: Sequence[str]
    left: int


def draw(session: Session, judge: JudgeRow, version: VersionRow, asked: NewSample) -> Drawn:
    """Put a random sample of the version's traffic into its dataset; a locked `judge` is drawn from by one.

    Rows with the same input and output count once, and not at all where the dataset has them already.

    Raises:
        Conflict: the version has no dataset, or nothing is left to draw.
    """
    if version.dataset_id is None:
        raise Conflict(
            f"version {version.number} of {judge.name!r} has no dataset for its samples: keep the file again "
            "as a version, with `dataset_id`"
        )
    datasets.get_dataset(session, version.dataset_id, lock=True)
    number = _next_number(session, judge)
    there = _undrawn(session, version, version.dataset_id, asked.since)
    if not there:
        raise Conflict(f"no kept traffic of version {version.number} of {judge.name!r} is left to draw from")
    rng = random.Random(f"{judge.id}/{number}/{asked.seed}")  # noqa: S311  # not for secrets
    chosen = sorted(rng.sample(there, min(asked.n, len(there))))
    sample = SampleRow(
        judge_id=judge.id, number=number, version=version.number, seed=asked.seed, n=len(chosen)
    )
    session.add(sample)
    names = _put(session, sample, version.dataset_id, chosen)
    return Drawn(
        sample=sample, dataset_id=version.dataset_id, example_ids=names, left=len(there) - len(chosen)
    )


def _next_number(session: Session, judge: JudgeRow) -> int:
    last = select(func.max(col(SampleRow.number))).where(col(SampleRow.judge_id) == judge.id)
    return (session.scalar(last) or 0) + 1


def _undrawn(session: Session, version: VersionRow, dataset_id: str, since: datetime | None) -> list[int]:
    """Numbers of the version's rows that can be drawn, one for each input and output."""
    in_dataset = exists().where(
        col(ExampleRow.dataset_id) == dataset_id, col(ExampleRow.pair_hash) == col(TrafficRow.pair_hash)
    )
    statement = select(func.min(col(TrafficRow.number))).where(
        col(TrafficRow.judge_id) == version.judge_id,
        col(TrafficRow.version) == version.number,
        col(TrafficRow.sample).is_(None),
        ~in_dataset,
    )
    if since is not None:
        statement = statement.where(col(TrafficRow.created_at) >= since)
    found = session.scalars(statement.group_by(col(TrafficRow.pair_hash)))
    return sorted(number for number in found if number is not None)


def _put(session: Session, sample: SampleRow, dataset_id: str, numbers: Sequence[int]) -> list[str]:
    """Add the rows to the dataset; their ids there."""
    at, names = now(), list[str]()
    for start in range(0, len(numbers), datasets.BATCH_ROWS):
        batch = numbers[start : start + datasets.BATCH_ROWS]
        rows = session.scalars(
            select(TrafficRow).where(col(TrafficRow.number).in_(batch)).order_by(col(TrafficRow.number))
        ).all()
        named = {f"{sample.judge_id}-{row.number}": row for row in rows}
        shown = [_example(name, row) for name, row in named.items()]
        datasets.insert_rows(session, dataset_id, shown, at, picked_by=TRAFFIC)
        for name, row in named.items():
            session.execute(
                update(TrafficRow)
                .where(col(TrafficRow.number) == row.number)
                .values(sample=sample.number, example_id=name)
            )
        names += named
    return names


def _example(name: str, row: TrafficRow) -> Row:
    return Row(
        line=0,
        example=Example(id=name, input=row.input, output=row.output),
        label=None,
        critique=None,
        annotations=(),
        pair_hash=row.pair_hash,
    )


# --- labelled ---------------------------------------------------------------------------------------


def labelled(session: Session, version: VersionRow) -> tuple[TrafficSample, ...]:
    """The labelled rows of the version's samples, in the order of the drawing; those of samples without a
    label are left out, and rows that were labelled because of what judges said of them."""
    found: dict[int, list[tuple[Label, Label | None, str]]] = {}
    for sample, verdict, label, group_key, picked_by in _rows(session, version):
        if may_measure(picked_by):
            row = (Label(label), Label(verdict) if verdict else None, group_key)
            found.setdefault(sample, []).append(row)
    return tuple(_sample(number, rows) for number, rows in found.items())


def _sample(number: int, rows: Sequence[tuple[Label, Label | None, str]]) -> TrafficSample:
    return TrafficSample(
        name=name_of(number),
        truth=tuple(label for label, _, _ in rows),
        judged=tuple(verdict for _, verdict, _ in rows),
        groups=tuple(group for _, _, group in rows),
    )


def _rows(session: Session, version: VersionRow) -> Iterable[Any]:  # Any: rows of five columns
    of_row = (col(ExampleRow.dataset_id) == version.dataset_id) & (
        col(ExampleRow.example_id) == col(TrafficRow.example_id)
    )
    statement = (
        select(
            col(TrafficRow.sample),
            col(TrafficRow.verdict),
            col(ExampleRow.label),
            col(ExampleRow.group_key),
            col(ExampleRow.picked_by),
        )
        .join(ExampleRow, of_row)
        .where(
            col(TrafficRow.judge_id) == version.judge_id,
            col(TrafficRow.version) == version.number,
            col(ExampleRow.label).is_not(None),
        )
        .order_by(col(TrafficRow.sample), col(TrafficRow.number))
    )
    return session.execute(statement)


def states(session: Session, version: VersionRow, found: Sequence[TrafficSample]) -> list[SampleState]:
    """How far people are with each sample, the first first."""
    done = {sample.name: len(sample.truth) for sample in found}
    statement = select(SampleRow).where(
        col(SampleRow.judge_id) == version.judge_id, col(SampleRow.version) == version.number
    )
    return [
        SampleState(
            sample=row.number, drawn=row.n, labelled=done.get(name_of(row.number), 0), at=row.created_at
        )
        for row in session.scalars(statement.order_by(col(SampleRow.number)))
    ]


def name_of(sample: int) -> str:
    """What a sample is called."""
    return f"sample {sample}"

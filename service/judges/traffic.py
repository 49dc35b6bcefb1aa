"""What a judge says in use, and what is kept of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, insert, select
from sqlmodel import Session, col

from optimizers.prevalence import Traffic
from optimizers.types import Evaluation, Example, Label, Outcome
from service.clock import now
from service.datasets.ingest.rows import pair_hash
from service.datasets.tables import ExampleRow
from service.judges import store
from service.judges.schemas import Batch, TrafficIn, TrafficOut, VerdictsOut
from service.judges.tables import JudgeRow, TrafficRow, VersionRow
from service.paging import Page, PageRequest, page_of
from service.runs.schemas import VerdictOut

_TRAFFIC: Table = TrafficRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables


def examples_of(asked: Batch) -> list[Example]:
    """The rows as a judge sees them, named by their place."""
    return [
        Example(id=str(place), input=row.input, output=row.output) for place, row in enumerate(asked.examples)
    ]


def told(judge: JudgeRow, version: VersionRow, asked: Batch, found: Evaluation, kept: int) -> VerdictsOut:
    """The verdicts as they are answered."""
    verdicts = [
        VerdictOut.of(row.id or str(place), found.outcomes[str(place)])
        for place, row in enumerate(asked.examples)
    ]
    return VerdictsOut(
        judge=judge.name,
        version=version.number,
        artifact_digest=version.artifact_digest,
        verdicts=verdicts,
        kept=kept,
        usage=asdict(found.usage),
    )


def keep(session: Session, version: VersionRow, asked: Batch, found: Evaluation) -> int:
    """Keep the rows with their verdicts, but for those that were kept under their `id` before; how many.

    Raises:
        NotFound: the judge was deleted meanwhile.
    """
    judge = session.get(JudgeRow, version.judge_id, with_for_update=True)
    if judge is None:
        store.get(session, version.judge_id)  # raises
    known, at = _known(session, version, asked.examples), now()
    rows: dict[object, dict[str, Any]] = {}
    for place, row in enumerate(asked.examples):
        name = (row.id, pair_hash(row.input, row.output))
        if name not in known:
            key = name if row.id is not None else place
            rows[key] = _values(version, row, name[1], found.outcomes[str(place)], at)
    if rows:
        session.connection().execute(insert(_TRAFFIC), list(rows.values()))
    return len(rows)


def _known(
    session: Session, version: VersionRow, rows: Sequence[TrafficIn]
) -> set[tuple[str | None, str | None]]:
    """The names and contents under which rows of this batch are kept already."""
    names = [row.id for row in rows if row.id is not None]
    if not names:
        return set()
    statement = select(col(TrafficRow.row_id), col(TrafficRow.pair_hash)).where(
        col(TrafficRow.judge_id) == version.judge_id,
        col(TrafficRow.version) == version.number,
        col(TrafficRow.row_id).in_(names),
    )
    return {(row_id, content) for row_id, content in session.execute(statement)}


def _values(
    version: VersionRow, row: TrafficIn, content: str, outcome: Outcome, at: datetime
) -> dict[str, Any]:
    said = VerdictOut.of(row.id or "", outcome)
    return {
        "judge_id": version.judge_id,
        "version": version.number,
        "row_id": row.id,
        "input": row.input,
        "output": row.output,
        "pair_hash": content,
        "verdict": said.verdict,
        "fail_probability": said.fail_probability,
        "rationale": said.rationale,
        "failure": said.failure,
        "message": said.message,
        "created_at": at,
    }


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which of a judge's kept rows: those of a version, of a time, with a verdict; `None` is any."""

    version: int | None = None
    since: datetime | None = None
    verdict: Label | None = None


def page(session: Session, judge: JudgeRow, wanted: Wanted, request: PageRequest) -> Page[TrafficOut]:
    """Kept rows, the latest first."""
    statement = select(TrafficRow).where(col(TrafficRow.judge_id) == judge.id)
    if wanted.version is not None:
        statement = statement.where(col(TrafficRow.version) == wanted.version)
    if wanted.since is not None:
        statement = statement.where(col(TrafficRow.created_at) >= wanted.since)
    if wanted.verdict is not None:
        statement = statement.where(col(TrafficRow.verdict) == wanted.verdict.value)
    after = request.after_like(int)
    if after is not None:
        statement = statement.where(col(TrafficRow.number) < after[0])
    rows = session.scalars(statement.order_by(col(TrafficRow.number).desc()).limit(request.limit + 1)).all()
    return page_of(rows, request, lambda row: (row.number or 0,), TrafficOut.model_validate)


def unlabelled(session: Session, version: VersionRow, since: datetime | None) -> Traffic:
    """The version's kept rows that nobody has labelled, counted by what it said."""
    of_row = (col(ExampleRow.dataset_id) == version.dataset_id) & (
        col(ExampleRow.example_id) == col(TrafficRow.example_id)
    )
    statement = (
        select(col(TrafficRow.verdict), func.count())
        .outerjoin(ExampleRow, of_row)
        .where(
            col(TrafficRow.judge_id) == version.judge_id,
            col(TrafficRow.version) == version.number,
            col(ExampleRow.label).is_(None),
        )
        .group_by(col(TrafficRow.verdict))
    )
    if since is not None:
        statement = statement.where(col(TrafficRow.created_at) >= since)
    counted = dict(session.execute(statement).all())
    return Traffic(
        failed=counted.get(Label.FAIL.value, 0),
        passed=counted.get(Label.PASS.value, 0),
        unanswered=counted.get(None, 0),
    )


def forget(session: Session, judge: JudgeRow, before: datetime) -> int:
    """Remove the kept rows of an earlier time; how many. Those that were drawn into a sample stay, since the
    monitor reads them."""
    statement = delete(TrafficRow).where(
        col(TrafficRow.judge_id) == judge.id,
        col(TrafficRow.created_at) < before,
        col(TrafficRow.sample).is_(None),
    )
    gone = session.execute(statement.returning(col(TrafficRow.number)))
    return len(gone.all())

"""What is told about evaluations and their verdicts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from optimizers.types import Label, Part
from service.datasets.tables import ExampleRow
from service.errors import NotFound
from service.evaluations import shards
from service.evaluations.actions import KIND
from service.evaluations.agreement import CELLS, of_part
from service.evaluations.schemas import CellFilter, EvaluationOut, JudgedRow, JudgeOut
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs import store
from service.jobs.listing import cursor_of, newest_first
from service.jobs.schemas import state_of
from service.jobs.states import ENDED
from service.jobs.tables import JobRow
from service.paging import Page, PageRequest, page_of


def one(session: Session, evaluation_id: str) -> EvaluationOut:
    """An evaluation as it is now.

    Raises:
        NotFound: there is none.
    """
    parts = session.execute(_parts().where(col(EvaluationRow.id) == evaluation_id)).one_or_none()
    if parts is None:
        raise NotFound(KIND, evaluation_id)
    return _evaluation(parts)


def page(session: Session, request: PageRequest, *, dataset_id: str | None) -> Page[EvaluationOut]:
    """Evaluations, newest first."""
    statement = _parts()
    if dataset_id is not None:
        statement = statement.where(col(EvaluationRow.dataset_id) == dataset_id)
    rows = session.execute(newest_first(statement, request)).all()
    return page_of(rows, request, lambda row: cursor_of(row[1]), _evaluation)


def verdicts(
    session: Session,
    evaluation_id: str,
    request: PageRequest,
    *,
    agrees: bool | None = None,
    cell: CellFilter | None = None,
    part: Part | None = None,
) -> Page[JudgedRow]:
    """Verdicts in the order of the rows, beside people's labels as they are now; those that agree or not,
    or those of one cell of the confusion table or of one part, where asked.

    Until it has ended, those behind a gap that a shard has yet to fill are not shown: whoever reads on
    from the last cursor misses none.
    """
    job = store.get(session, KIND, evaluation_id)
    of_row = (col(ExampleRow.dataset_id) == job.dataset_id) & (
        col(ExampleRow.example_id) == col(VerdictRow.example_id)
    )
    statement = (
        select(VerdictRow, ExampleRow)
        .join(ExampleRow, of_row)
        .where(col(VerdictRow.evaluation_id) == evaluation_id, *of_part(part))
    )
    gap = None if job.status in ENDED else shards.judged_up_to(session, evaluation_id)
    if gap is not None:
        statement = statement.where(col(VerdictRow.number) <= gap)
    if agrees is not None:
        same = col(ExampleRow.label) == col(VerdictRow.verdict)
        statement = statement.where(same if agrees else ~same)
    if cell is not None:
        statement = statement.where(*_of_cell(cell))
    after = request.after_like(int)
    if after is not None:
        statement = statement.where(col(VerdictRow.number) > after[0])
    rows = session.execute(statement.order_by(col(VerdictRow.number)).limit(request.limit + 1)).all()
    return page_of(rows, request, lambda row: (row[0].number,), lambda row: _judged(row[0], row[1]))


def _of_cell(cell: CellFilter) -> tuple[ColumnElement[bool], ...]:
    if cell == "failure":
        return (col(VerdictRow.verdict).is_(None),)
    pairs = [pair for pair, name in CELLS.items() if name == cell]
    label, verdict = col(ExampleRow.label), col(VerdictRow.verdict)
    said = verdict.is_(None) if pairs[0][1] is None else verdict == pairs[0][1]
    return (label.in_([pair[0] for pair in pairs]), said)


def _parts() -> Any:  # Any: a select of three columns, whose type no one would read
    """In one statement, which sees one moment: no evaluation has succeeded without its agreement."""
    return select(EvaluationRow, JobRow, shards.judged_beside()).join(
        JobRow, col(JobRow.id) == col(EvaluationRow.id)
    )


def _evaluation(parts: Any) -> EvaluationOut:  # Any: a row of the select above
    evaluation: EvaluationRow = parts[0]
    job: JobRow = parts[1]
    in_shards: int = parts[2]
    return EvaluationOut(
        **state_of(job),
        id=evaluation.id,
        dataset_id=evaluation.dataset_id,
        model=evaluation.model,
        source=evaluation.judge["source"],
        judge=_judge(evaluation.judge, evaluation.model),
        rows="labelled" if evaluation.only_labelled else "all",
        judged=evaluation.judged + in_shards,
        agreement=evaluation.agreement,
        human_agreement=evaluation.human_agreement,
    )


def _judge(stored: Mapping[str, Any], model: str) -> JudgeOut:
    artifact = stored.get("artifact") or {}
    run_id = artifact.get("provenance", {}).get("run_id")  # of a file from elsewhere: whatever it says
    return JudgeOut(
        source=stored["source"],
        model=model,
        instruction=stored.get("instruction") or None,
        run_id=run_id if isinstance(run_id, str) else None,
        artifact_digest=artifact.get("digest"),
    )


def _judged(row: VerdictRow, example: ExampleRow) -> JudgedRow:
    label = Label(example.label) if example.label else None
    both = label is not None and row.verdict is not None
    return JudgedRow(
        example_id=row.example_id,
        input=example.input,
        output=example.output,
        label=label,
        critique=example.critique,
        label_changed=label != row.label,
        label_when_judged=Label(row.label) if row.label and row.label != label else None,
        verdict=Label(row.verdict) if row.verdict else None,
        agrees=label == row.verdict if both else None,
        cell=CELLS[label, row.verdict] if label is not None else None,
        fail_probability=row.fail_probability,
        rationale=row.rationale,
        failure=row.failure,
        message=row.message,
    )

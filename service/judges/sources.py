"""Where a version comes from: a run's winner, an evaluation's judge, or a file; and what is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.artifact import Artifact, from_json, from_plain
from optimizers.calls import Call
from optimizers.report import Report
from optimizers.splits import may_measure
from optimizers.types import Label
from service.catalog.choice import choose_model
from service.datasets.store import get_dataset
from service.datasets.tables import DatasetRow, ExampleRow
from service.errors import Conflict
from service.evaluations.actions import KIND as EVALUATION
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs import store as jobs
from service.jobs.states import Status
from service.judges.measured import Measured, MeasuredBy, agree
from service.judges.schemas import JudgeSource, SourceName
from service.judges.unseen import PAGE_ROWS, Built, built_here
from service.runs import views as runs
from service.runs.tables import RunRow
from service.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A judge that is to become a version. `conclusion` is that of a run of this service."""

    source: SourceName
    source_id: str | None
    dataset_id: str | None
    artifact: Artifact
    conclusion: str | None = None
    measured: Measured | None = None


def find(session: Session, asked: JudgeSource, settings: Settings) -> Origin:
    """The judge that was named, with its evidence.

    Raises:
        NotFound: there is no such run, evaluation or dataset.
        Conflict: the run or evaluation has not succeeded.
        ArtifactInvalid: the file is no judge.
        InvalidInput, ModelNotFound: this service may not ask the judge's model.
    """
    if asked.run_id is not None:
        return _of_run(session, asked.run_id)
    if asked.evaluation_id is not None:
        return _of_evaluation(session, asked.evaluation_id)
    return _of_file(session, asked, settings)


def require_models(artifact: Artifact, settings: Settings) -> None:
    """Refuse a judge whose models this service may not, or cannot, ask: a file could name any address.

    Raises:
        InvalidInput, ModelNotFound: with the model.
    """
    for call in artifact.prompts:
        choose_model(call.model.name, call.model.api_base, settings)


def _of_run(session: Session, run_id: str) -> Origin:
    found = runs.result(session, run_id)
    report = _report(found.report)
    return Origin(
        source=SourceName.RUN,
        source_id=run_id,
        dataset_id=runs.require(session, run_id).dataset_id,
        artifact=from_json(found.artifact),
        conclusion=report.conclusion if report else None,
        measured=_tested(report, MeasuredBy.RUN),
    )


def _report(plain: Any) -> Report | None:  # Any: of a file from elsewhere, whatever it says
    try:
        return Report.from_dict(plain)
    except (TypeError, ValueError):
        return None


def _tested(report: Report | None, by: MeasuredBy) -> Measured | None:
    best = report.test.best if report else None
    return None if best is None else Measured(by=by, agreement=best)


# --- a file -----------------------------------------------------------------------------------------


def _of_file(session: Session, asked: JudgeSource, settings: Settings) -> Origin:
    artifact = from_plain(asked.artifact)
    run_id = _run_of(session, artifact)
    if run_id is not None:
        return _of_run(session, run_id)
    require_models(artifact, settings)
    return Origin(
        source=SourceName.ARTIFACT,
        source_id=None,
        dataset_id=_dataset_of(session, asked, artifact),
        artifact=artifact,
        measured=_tested(_report(artifact.report), MeasuredBy.FILE),
    )


def _run_of(session: Session, artifact: Artifact) -> str | None:
    """The run of this service that left the file, if one did: its digest covers the evidence."""
    run_id = artifact.provenance.get("run_id")
    run = session.get(RunRow, run_id) if isinstance(run_id, str) else None
    return run.id if run is not None and run.artifact_digest == artifact.digest else None


def _dataset_of(session: Session, asked: JudgeSource, artifact: Artifact) -> str | None:
    if asked.dataset_id is not None:
        return get_dataset(session, asked.dataset_id).id
    named = artifact.provenance.get("dataset_id")
    known = session.get(DatasetRow, named) if isinstance(named, str) else None
    return known.id if known is not None else None


# --- an evaluation ----------------------------------------------------------------------------------


def _of_evaluation(session: Session, evaluation_id: str) -> Origin:
    from service.evaluations.judge import judge_of  # noqa: PLC0415  # renders prompts, so it loads DSPy

    job = jobs.get(session, EVALUATION, evaluation_id)
    if job.status != Status.SUCCEEDED:
        raise Conflict(f"{evaluation_id} is {job.status}: a judge is kept once its evaluation has succeeded")
    evaluation = session.get_one(EvaluationRow, evaluation_id)
    artifact, model = judge_of(session, evaluation)
    if model is not None:  # the file's report is about another model
        calls = tuple(
            replace(call, model=model) if isinstance(call, Call) else call for call in artifact.calls
        )
        artifact = replace(artifact, calls=calls, report={})
    run_id = _run_of(session, artifact)
    return Origin(
        source=SourceName.EVALUATION,
        source_id=evaluation_id,
        dataset_id=evaluation.dataset_id,
        artifact=artifact,
        conclusion=session.get_one(RunRow, run_id).conclusion if run_id else None,
        measured=_evaluated(session, evaluation, built_here(session, artifact)),
    )


def _evaluated(session: Session, evaluation: EvaluationRow, built: Built) -> Measured | None:
    """The agreement with people's labels of now, over rows that the judge was not built from; none where
    nobody knows which these are."""
    truth, judged, groups = [], [], []
    for group_key, text, picked_by, label, verdict in _labelled(session, evaluation):
        if built.holds(evaluation.dataset_id, group_key, text) or not may_measure(picked_by):
            continue
        truth.append(Label(label))
        judged.append(Label(verdict) if verdict else None)
        groups.append(group_key)
    if not truth or not built.known:
        return None
    return Measured(by=MeasuredBy.EVALUATION, agreement=agree(truth, judged, groups))


def _labelled(session: Session, evaluation: EvaluationRow) -> Iterable[Any]:  # Any: rows of five columns
    of_row = (col(ExampleRow.dataset_id) == evaluation.dataset_id) & (
        col(ExampleRow.example_id) == col(VerdictRow.example_id)
    )
    of_example = (ExampleRow.group_key, ExampleRow.input, ExampleRow.picked_by, ExampleRow.label)
    return session.execute(
        select(*map(col, of_example), col(VerdictRow.verdict))
        .join(ExampleRow, of_row)
        .where(col(VerdictRow.evaluation_id) == evaluation.id, col(ExampleRow.label).is_not(None))
        .execution_options(yield_per=PAGE_ROWS)
    )

"""Labels that good candidates contradict with confidence. Nothing is relabelled."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label, Outcome, Verdict
from service.criteria.statistics_schemas import SuspectOut, SuspectsOut
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow, LabelRow
from service.errors import NotFound
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.tables import JobRow
from service.runs.stored import outcomes_of
from service.runs.tables import RunRow, TrialRow

MOST_WITNESSES = 100
"""The latest candidates, of all runs together: older ones are of prompts that were left behind."""
MOST_EVALUATIONS = 10

REFERENCE = ""
"""Stands for whoever gave the dataset's own label."""

Outcomes = dict[str, Mapping[str, Outcome]]


def suspects(session: Session, dataset_id: str, run_id: str | None) -> SuspectsOut:
    """Labels that the candidates of one run contradict, or those of all runs and the judges of evaluations.

    Raises:
        NotFound: there is no such dataset, or no such run of it.
    """
    from optimizers.suspects import suspect_labels  # noqa: PLC0415  # loads cleanlab: only who asks waits

    get_dataset(session, dataset_id)
    said = _candidates(session, dataset_id, run_id)
    if run_id is None:
        said |= _judges(session, dataset_id)
    labels, counted, groups = _labels(session, dataset_id)
    kappas = {name: _kappa(outcomes, counted) for name, outcomes in said.items()}
    found = suspect_labels(labels, said, kappas, groups)
    return SuspectsOut(
        suspects=[
            SuspectOut.model_validate(
                {
                    "example_id": one.example_id,
                    "annotator": one.annotator or None,
                    "label": one.label,
                    "quality": one.quality,
                    "contradicted_by": one.contradicted_by,
                    "asked": one.asked,
                    "others": [name for name in one.others if name != REFERENCE],
                }
            )
            for one in found.suspects
        ],
        witnesses=list(found.witnesses),
        looked_at=found.looked_at,
        why_none=found.why_none,
    )


def _candidates(session: Session, dataset_id: str, run_id: str | None) -> Outcomes:
    """Each candidate's latest outcomes, which are on dev: it shows none of these rows as a demonstration."""
    query = (
        select(TrialRow)
        .join(RunRow, col(RunRow.id) == col(TrialRow.run_id))
        .where(col(RunRow.dataset_id) == dataset_id)
        .order_by(col(TrialRow.created_at).desc(), col(TrialRow.number).desc())
        .limit(MOST_WITNESSES)
    )
    if run_id is not None:
        run = session.get(RunRow, run_id)
        if run is None or run.dataset_id != dataset_id:
            raise NotFound("run", run_id)
        query = query.where(col(TrialRow.run_id) == run_id)
    found: Outcomes = {}
    for trial in session.scalars(query):
        if trial.candidate_id not in found:
            found[trial.candidate_id] = outcomes_of(trial)
    return found


def _judges(session: Session, dataset_id: str) -> Outcomes:
    """What the judges of the latest evaluations said; of a judge that a run has found here, nothing: it may
    show some of the rows."""
    query = (
        select(EvaluationRow)
        .join(JobRow, col(JobRow.id) == col(EvaluationRow.id))
        .where(col(EvaluationRow.dataset_id) == dataset_id)
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
        .limit(MOST_EVALUATIONS)
    )
    found: Outcomes = {}
    for evaluation in session.scalars(query).all():
        if "artifact" in evaluation.judge:
            continue
        said = select(
            col(VerdictRow.example_id), col(VerdictRow.verdict), col(VerdictRow.fail_probability)
        ).where(col(VerdictRow.evaluation_id) == evaluation.id, col(VerdictRow.verdict).is_not(None))
        found[evaluation.id] = {
            example_id: Verdict(label=Label(verdict), fail_probability=probability)
            for example_id, verdict, probability in session.execute(said)
        }
    return found


def _labels(
    session: Session, dataset_id: str
) -> tuple[dict[str, dict[str, Label]], dict[str, Label], dict[str, str]]:
    """People's labels by annotator, the labels that count, and each row's group. A row that nobody has
    labelled by name has its label from the dataset itself."""
    by_person: dict[str, dict[str, Label]] = {}
    said = select(col(LabelRow.annotator), col(LabelRow.example_id), col(LabelRow.label)).where(
        col(LabelRow.dataset_id) == dataset_id, col(LabelRow.current), col(LabelRow.label).is_not(None)
    )
    for annotator, example_id, label in session.execute(said):
        by_person.setdefault(annotator, {})[example_id] = Label(label or "")
    named = {example_id for labels in by_person.values() for example_id in labels}
    rows = select(col(ExampleRow.example_id), col(ExampleRow.group_key), col(ExampleRow.label)).where(
        col(ExampleRow.dataset_id) == dataset_id
    )
    counted: dict[str, Label] = {}
    groups: dict[str, str] = {}
    for example_id, group, label in session.execute(rows):
        groups[example_id] = group
        if label is not None:
            counted[example_id] = Label(label)
            if example_id not in named:
                by_person.setdefault(REFERENCE, {})[example_id] = Label(label)
    return by_person, counted, groups


def _kappa(outcomes: Mapping[str, Outcome], labels: Mapping[str, Label]) -> float | None:
    """Agreement with the labels as they are now, on the rows that have both."""
    shared: Sequence[str] = sorted(outcomes.keys() & labels.keys())
    judged = [outcomes[i] for i in shared]
    return cohen_kappa(
        confusion(
            [labels[i] for i in shared], [one.label if isinstance(one, Verdict) else None for one in judged]
        )
    )

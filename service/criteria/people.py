"""How people agree with each other, and each with themselves over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Table, select
from sqlmodel import Session, col

from optimizers.agreement import people_agreement
from optimizers.types import Annotation, Example, Label, LabelledExample
from service.criteria.statistics_schemas import DriftOut, PeopleOut, PeoplePair, PersonOut
from service.datasets.labelling_schemas import SECOND_LOOKS
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow, LabelRow
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.figures import IntervalOut
from service.jobs.tables import JobRow

if TYPE_CHECKING:
    from optimizers.drift import TimedLabel

_EXAMPLES: Table = ExampleRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables
_LABELS: Table = LabelRow.__table__  # type: ignore[attr-defined]


def people(session: Session, dataset_id: str) -> PeopleOut:
    """Agreement and drift of all who have labelled rows of the dataset.

    Raises:
        NotFound: there is no such dataset.
    """
    from optimizers.drift import annotator_drift  # noqa: PLC0415  # loads scipy: only who asks waits

    get_dataset(session, dataset_id)
    found = people_agreement(_annotated(session, dataset_id))
    drift = annotator_drift(_timed(session, dataset_id), reference=_reference(session, dataset_id))
    return PeopleOut(
        people=[PersonOut(name=name, rows=rows) for name, rows in found.annotators.items()],
        pairs=[PeoplePair.model_validate(pair) for pair in found.pairs],
        alpha=IntervalOut.model_validate(found.alpha),
        enough=found.enough,
        drift=[DriftOut.model_validate(one) for one in drift],
    )


def _annotated(session: Session, dataset_id: str) -> list[LabelledExample]:
    """Every row that somebody has labelled, tied ones too; without its texts, which nobody compares."""
    query = (
        select(_LABELS.c.example_id, _LABELS.c.annotator, _LABELS.c.label, _EXAMPLES.c.group_key)
        .join(
            _EXAMPLES,
            (_EXAMPLES.c.dataset_id == _LABELS.c.dataset_id)
            & (_EXAMPLES.c.example_id == _LABELS.c.example_id),
        )
        .where(_LABELS.c.dataset_id == dataset_id, _LABELS.c.current, _LABELS.c.label.is_not(None))
        .order_by(_LABELS.c.example_id, _LABELS.c.annotator)
    )
    groups: dict[str, str] = {}
    notes: dict[str, list[Annotation]] = {}
    for example_id, annotator, label, group in session.connection().execute(query):
        groups[example_id] = group
        notes.setdefault(example_id, []).append(Annotation(annotator=annotator, label=Label(label)))
    return [
        LabelledExample(
            example=Example(id=example_id, input="", output="", group=groups[example_id]),
            label=said[0].label,
            annotations=tuple(said),
        )
        for example_id, said in notes.items()
    ]


def _timed(session: Session, dataset_id: str) -> Sequence["TimedLabel"]:
    """What people said, when. Labels that came with a file have no time; a label that was given again since
    it was in question tells nothing of the person."""
    from optimizers.drift import TimedLabel  # noqa: PLC0415  # as above

    query = (
        select(_LABELS.c.annotator, _LABELS.c.example_id, _LABELS.c.label, _LABELS.c.created_at)
        .join(
            _EXAMPLES,
            (_EXAMPLES.c.dataset_id == _LABELS.c.dataset_id)
            & (_EXAMPLES.c.example_id == _LABELS.c.example_id),
        )
        .where(
            _LABELS.c.dataset_id == dataset_id,
            _LABELS.c.label.is_not(None),
            _LABELS.c.created_at != _EXAMPLES.c.created_at,
            _LABELS.c.picked_by.not_in(SECOND_LOOKS),
        )
        .order_by(_LABELS.c.number)
    )
    return [
        TimedLabel(annotator=annotator, example_id=example_id, label=Label(label), at=at.timestamp())
        for annotator, example_id, label, at in session.connection().execute(query)
    ]


def _reference(session: Session, dataset_id: str) -> dict[str, str]:
    """What the judge of the latest evaluation that has succeeded says of rows: it does not change with time,
    and tells rows of one kind from those of another."""
    latest = (
        select(col(EvaluationRow.id))
        .join(JobRow, col(JobRow.id) == col(EvaluationRow.id))
        .where(col(EvaluationRow.dataset_id) == dataset_id, col(JobRow.status) == "succeeded")
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
        .limit(1)
    )
    evaluation_id = session.scalar(latest)
    if evaluation_id is None:
        return {}
    said = select(col(VerdictRow.example_id), col(VerdictRow.verdict)).where(
        col(VerdictRow.evaluation_id) == evaluation_id, col(VerdictRow.verdict).is_not(None)
    )
    return dict(session.execute(said).all())

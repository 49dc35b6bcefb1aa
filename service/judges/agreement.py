"""A version against a dataset's labels, on rows that it was not built from: what a gate asks for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlmodel import Session

from optimizers.artifact import Artifact, from_json
from optimizers.types import Evaluation, Example, Label
from service.datasets.store import get_dataset
from service.figures import ConfusionOut, IntervalOut
from service.judges import store
from service.judges.measured import agree
from service.judges.schemas import AgreementOnDataset, OnDataset
from service.judges.tables import JudgeRow, VersionRow
from service.judges.unseen import HeldOut, built_here, held_out, require_enough, rows_of
from service.judges.watch import bound_of

MOST_ROWS = 1_000
"""Judged within a request; so many give kappa an interval of about 0.05 to either side."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be judged: the version, the rows, and what people say of them, in one order."""

    judge: JudgeRow
    version: VersionRow
    artifact: Artifact
    dataset_id: str
    held: HeldOut
    known: bool
    examples: Sequence[Example]
    labels: Sequence[Label]
    groups: Sequence[str]


def prepare(session: Session, name: str, asked: OnDataset) -> Question:
    """The rows on which the version can be measured.

    Raises:
        NotFound: there is no such judge, version or dataset.
        Conflict: the judge has no champion.
        NotEnoughLabels: there are fewer than 20 such rows, or they are of one class.
    """
    judge = store.get(session, name)
    version = store.in_use(session, judge, asked.version)
    get_dataset(session, asked.dataset_id)
    artifact = from_json(version.artifact)
    built = built_here(session, artifact)
    held = held_out(session, asked.dataset_id, built)
    ids = held.sample(MOST_ROWS)
    rows = rows_of(session, asked.dataset_id, ids)
    labels = [Label(rows[i].label or "") for i in ids]
    require_enough(labels, held)
    return Question(
        judge=judge,
        version=version,
        artifact=artifact,
        dataset_id=asked.dataset_id,
        held=held,
        known=built.known,
        examples=[Example(id=i, input=rows[i].input, output=rows[i].output) for i in ids],
        labels=labels,
        groups=[rows[i].group_key for i in ids],
    )


def told(question: Question, found: Evaluation) -> AgreementOnDataset:
    """The agreement, from the judge's verdicts."""
    ids = [example.id for example in question.examples]
    agreement = agree(question.labels, found.judged(ids), question.groups)
    warnings = []
    if not question.known:
        warnings.append(
            "which rows the judge was built from is not known here: only the examples in its prompt were "
            "left out, and its agreement may flatter it"
        )
    return AgreementOnDataset(
        judge=question.judge.name,
        version=question.version.number,
        dataset_id=question.dataset_id,
        n=agreement.n,
        kappa=IntervalOut.model_validate(agreement.kappa),
        coverage=agreement.coverage,
        false_failure_rate=agreement.false_failure_rate,
        confusion=ConfusionOut.model_validate(agreement.confusion),
        unparseable=agreement.unparseable,
        eligible=len(question.held.ids),
        built_from=question.held.built,
        picked=question.held.picked,
        bound=bound_of(question.version),
        warnings=warnings,
        usage=asdict(found.usage),
    )

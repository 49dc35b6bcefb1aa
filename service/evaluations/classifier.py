"""The cheap supervised baseline of an evaluation: worked out once, by the worker, when all rows are judged.

Fitting takes seconds, so the card that people look at only reads what it said row by row; it follows
when labels change.
"""

import random
from collections.abc import Iterable, Sequence

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session, col

from optimizers.supervised import cross_validated_verdicts
from optimizers.types import Example, Label, LabelledExample
from service.datasets.tables import ExampleRow
from service.evaluations.tables import EvaluationRow, VerdictRow

MOST_ROWS = 1_000
"""A sample of so many says enough about so simple a classifier, and is fitted in seconds."""
SEED = 0
_BATCH = 500

_VERDICTS: Table = VerdictRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables


def sample(session: Session, evaluation: EvaluationRow) -> dict[int, LabelledExample]:
    """Judged rows with the label that they were judged with, by number: all, or a random `MOST_ROWS`."""
    statement = select(col(VerdictRow.number), col(VerdictRow.example_id), col(VerdictRow.label)).where(
        col(VerdictRow.evaluation_id) == evaluation.id, col(VerdictRow.label).is_not(None)
    )
    labelled = session.execute(statement.order_by(col(VerdictRow.example_id))).all()
    if len(labelled) > MOST_ROWS:
        labelled = random.Random(SEED).sample(labelled, MOST_ROWS)  # noqa: S311  # not for secrets
    found: dict[int, LabelledExample] = {}
    for start in range(0, len(labelled), _BATCH):
        part = {example_id: (number, label) for number, example_id, label in labelled[start : start + _BATCH]}
        for row in _examples(session, evaluation.dataset_id, list(part)):
            number, label = part[row.example_id]
            example = Example(id=row.example_id, input=row.input, output=row.output, group=row.group_name)
            found[number] = LabelledExample(example=example, label=Label(label))
    return found


def _examples(session: Session, dataset_id: str, ids: Sequence[str]) -> Iterable[ExampleRow]:
    return session.scalars(
        select(ExampleRow).where(
            col(ExampleRow.dataset_id) == dataset_id, col(ExampleRow.example_id).in_(ids)
        )
    )


def classify(rows: dict[int, LabelledExample]) -> dict[int, Label]:
    """What the classifier says of each row, fitted on others; nothing where there are too few."""
    said = cross_validated_verdicts(list(rows.values()), seed=SEED) or {}
    return {number: said[row.id] for number, row in rows.items() if row.id in said}


def store(session: Session, evaluation_id: str, said: dict[int, Label]) -> None:
    """Write it beside the judge's verdicts."""
    if not said:
        return
    change = (
        update(_VERDICTS)
        .where(_VERDICTS.c.evaluation_id == evaluation_id, _VERDICTS.c.number == bindparam("number_"))
        .values(classifier=bindparam("label_"))
    )
    values = [{"number_": number, "label_": label.value} for number, label in said.items()]
    session.connection().execute(change, values)

"""The alignment card: how far an evaluation's verdicts agree with people's labels."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.intervals import agreement_of_groups
from optimizers.kappa import Confusion, confusion
from optimizers.types import Label
from service.datasets.tables import ExampleRow
from service.evaluations.tables import EvaluationRow, VerdictRow

SEED = 0
"""Of the intervals: the same verdicts give the same card."""
PAGE_ROWS = 2_000


def card(session: Session, evaluation: EvaluationRow) -> dict[str, Any] | None:
    """The agreement over all judged rows that have a label; `None` where there are none.

    The rows are streamed group by group: memory does not grow with their number.
    """
    found = agreement_of_groups(_groups(session, evaluation), rng=np.random.default_rng(SEED))
    return asdict(found) if found.n else None


def _groups(session: Session, evaluation: EvaluationRow) -> Iterator[Confusion]:
    of_row = (col(ExampleRow.dataset_id) == evaluation.dataset_id) & (
        col(ExampleRow.example_id) == col(VerdictRow.example_id)
    )
    statement = (
        select(col(ExampleRow.group_key), col(VerdictRow.label), col(VerdictRow.verdict))
        .join(ExampleRow, of_row)
        .where(col(VerdictRow.evaluation_id) == evaluation.id, col(VerdictRow.label).is_not(None))
        .order_by(col(ExampleRow.group_key))
        .execution_options(yield_per=PAGE_ROWS)
    )
    for _, rows in groupby(session.execute(statement), key=itemgetter(0)):
        pairs = [(Label(label), Label(verdict) if verdict else None) for _, label, verdict in rows]
        yield confusion([label for label, _ in pairs], [verdict for _, verdict in pairs])

"""An evaluation in a worker: rows in batches, so that its memory is flat and its verdicts stream."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, func, select
from sqlmodel import Session, col

from experiments.spec import judge_decoding
from optimizers.artifact import Artifact, artifact_of, from_plain
from optimizers.artifact_judge import judge_with
from optimizers.intervals import agreement
from optimizers.lm.gateway import Gateway
from optimizers.lm.gateway import Session as Asking
from optimizers.lm.loop import BackgroundLoop
from optimizers.rendering import render
from optimizers.types import (
    Budget,
    Candidate,
    Example,
    Failure,
    Label,
    ModelRef,
    Outcome,
    Usage,
    VerbatimPrompt,
)
from service.datasets.counts import human_agreement
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow
from service.db import transaction
from service.errors import NotFound
from service.evaluations.actions import KIND
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.attempts import Attempt
from service.jobs.performer import Publish

FIRST_ROWS = 32
"""A small first batch: a wrong key or prompt shows at once, and so do the first verdicts."""
BATCH_ROWS = 256
SEED = 0
"""Of the intervals: the same verdicts give the same card."""

_MODEL = TypeAdapter(ModelRef)
_PROMPT = TypeAdapter(VerbatimPrompt)


class EvaluationWork:
    """Does evaluations. `max_in_flight` bounds the model calls that one has open."""

    def __init__(self, engine: Engine, gateway: Gateway, loop: BackgroundLoop, *, max_in_flight: int) -> None:
        self._engine = engine
        self._gateway = gateway
        self._loop = loop
        self._max_in_flight = max_in_flight

    def __call__(self, attempt: Attempt) -> Publish:
        """Judge every row, in the order of their arrival. Raises as `judge_with` does."""
        with transaction(self._engine, read_only=True) as session:
            evaluation = session.get(EvaluationRow, attempt.job_id)
            if evaluation is None:
                raise NotFound(KIND, attempt.job_id)
            judge = judge_of(session, evaluation)
            total = _count(session, evaluation)
        asking = self._gateway.session(
            attempt.job_id, Budget(), _budget(evaluation.spend_cap), attempt.control
        )
        done, last = 0, 0
        while rows := self._next(evaluation, after=last, limit=BATCH_ROWS if done else FIRST_ROWS):
            told = partial(_tell, attempt, asking, done, total)
            outcomes = self._judge(judge, rows, asking, told, canary=not done)
            batch = partial(_store, evaluation_id=evaluation.id, first=done, rows=rows, outcomes=outcomes)
            attempt.write(batch)
            done += len(rows)
            last = rows[-1].number or 0
        return partial(_publish, evaluation_id=evaluation.id)

    def _next(self, evaluation: EvaluationRow, *, after: int, limit: int) -> Sequence[ExampleRow]:
        with transaction(self._engine, read_only=True) as session:
            statement = _rows(evaluation).where(col(ExampleRow.number) > after)
            ordered = statement.order_by(col(ExampleRow.number)).limit(limit)
            return list(session.scalars(ordered))

    def _judge(
        self,
        judge: tuple[Artifact, ModelRef | None],
        rows: Sequence[ExampleRow],
        asking: Asking,
        told: Callable[[int, int, Usage], None],
        *,
        canary: bool,
    ) -> Sequence[Outcome]:
        artifact, model = judge
        examples = [Example(id=row.example_id, input=row.input, output=row.output) for row in rows]
        found = self._loop.run(
            judge_with(
                artifact,
                examples,
                asking,
                model=model,
                max_in_flight=self._max_in_flight,
                on_progress=told,
                canary=canary,
            )
        )
        return [found.outcomes[row.example_id] for row in rows]


def judge_of(session: Session, evaluation: EvaluationRow) -> tuple[Artifact, ModelRef | None]:
    """The judge that was asked for, and the model that overrides its own."""
    judge = evaluation.judge
    model = _MODEL.validate_python(judge["model"]) if judge["model"] else None
    if "artifact" in judge:
        return from_plain(judge["artifact"]), model
    assert model is not None
    criterion = get_dataset(session, evaluation.dataset_id).criterion
    prompt = _PROMPT.validate_python(judge["prompt"]) if "prompt" in judge else None
    candidate = Candidate(instruction=judge["instruction"], reasoning=judge["reasoning"], verbatim=prompt)
    template = render(candidate, criterion, judge_decoding(model))
    return artifact_of(candidate, criterion, template, model, report={}, provenance={}), None


# --- rows and verdicts ------------------------------------------------------------------------------


def _rows(evaluation: EvaluationRow) -> Any:  # Any: SQLAlchemy's and SQLModel's select differ in type
    statement = select(ExampleRow).where(
        col(ExampleRow.dataset_id) == evaluation.dataset_id,
        col(ExampleRow.number) <= evaluation.last_row,
    )
    return statement.where(col(ExampleRow.label).is_not(None)) if evaluation.only_labelled else statement


def _count(session: Session, evaluation: EvaluationRow) -> int:
    return session.scalar(select(func.count()).select_from(_rows(evaluation).subquery())) or 0


def _tell(attempt: Attempt, asking: Asking, before: int, total: int, done: int, *_: object) -> None:
    usage, rows = asking.usage, before + done
    left = (total - rows) * usage.calls / rows if rows else None
    attempt.progress("judging", rows, total, usage, calls_left=left)


def _store(
    session: Session,
    *,
    evaluation_id: str,
    first: int,
    rows: Sequence[ExampleRow],
    outcomes: Sequence[Outcome],
) -> None:
    """Write a batch in the place of what an earlier attempt wrote from there on."""
    mine = col(VerdictRow.evaluation_id) == evaluation_id
    session.execute(delete(VerdictRow).where(mine, col(VerdictRow.number) >= first))
    session.add_all(
        _verdict(evaluation_id, first + place, row, outcome)
        for place, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
    )
    evaluation = session.get_one(EvaluationRow, evaluation_id)
    evaluation.judged = first + len(rows)
    session.add(evaluation)


def _verdict(evaluation_id: str, number: int, row: ExampleRow, outcome: Outcome) -> VerdictRow:
    stored = VerdictRow(
        evaluation_id=evaluation_id, number=number, example_id=row.example_id, label=row.label
    )
    if isinstance(outcome, Failure):
        stored.failure, stored.message = outcome.kind, outcome.message
    else:
        stored.verdict, stored.rationale = outcome.label, outcome.rationale
        stored.fail_probability = outcome.fail_probability
    return stored


def _publish(session: Session, *, evaluation_id: str) -> None:
    """The alignment card, from the verdicts on rows with a label."""
    evaluation = session.get_one(EvaluationRow, evaluation_id)
    of_row = (col(ExampleRow.dataset_id) == evaluation.dataset_id) & (
        col(ExampleRow.example_id) == col(VerdictRow.example_id)
    )
    judged = session.execute(
        select(col(VerdictRow.label), col(VerdictRow.verdict), col(ExampleRow.group_key))
        .join(ExampleRow, of_row)
        .where(col(VerdictRow.evaluation_id) == evaluation_id, col(VerdictRow.label).is_not(None))
        .order_by(col(VerdictRow.number))
    ).all()
    if judged:
        found = agreement(
            [Label(label or "") for label, _, _ in judged],
            [Label(verdict) if verdict else None for _, verdict, _ in judged],
            [group for _, _, group in judged],
            rng=np.random.default_rng(SEED),
        )
        evaluation.agreement = asdict(found)
    people = human_agreement(session, evaluation.dataset_id)
    evaluation.human_agreement = people.model_dump(mode="json") if people else None
    session.add(evaluation)


def _budget(plain: Mapping[str, Any] | None) -> Budget | None:
    return None if plain is None else Budget(**plain)

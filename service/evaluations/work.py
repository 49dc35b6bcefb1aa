"""An evaluation in a worker: rows in batches, so that its memory is flat and its verdicts stream.

A large one is spread over all workers: its own job judges the first rows, makes shards of the others,
and watches them until it can conclude.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.artifact import Artifact
from optimizers.errors import RunPaused
from optimizers.lm.gateway import Session as Asking
from optimizers.types import ModelRef, Usage
from service.datasets.counts import human_agreement
from service.datasets.tables import ExampleRow
from service.errors import NotFound
from service.evaluations import classifier, rows, shards
from service.evaluations.actions import KIND
from service.evaluations.card import card
from service.evaluations.judge import Bench, judge_of
from service.evaluations.spread import Spread, halt
from service.evaluations.tables import EvaluationRow, ShardRow
from service.jobs.attempts import Attempt
from service.jobs.engine import Sender
from service.jobs.performer import Publish

FIRST_ROWS = 32
"""A small first batch: a wrong key or prompt shows at once, and so do the first verdicts."""
BATCH_ROWS = 256


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What one attempt has to do."""

    attempt: Attempt
    evaluation: EvaluationRow
    judge: tuple[Artifact, ModelRef | None]
    asking: Asking
    total: int
    shards_begin_after: int | None
    """Where an earlier attempt has made shards: the row after which they begin."""


class EvaluationWork:
    """Does evaluations; those of more than `shard_rows` rows together with all workers."""

    def __init__(self, bench: Bench, sender: Sender, *, shard_rows: int) -> None:
        self._bench = bench
        self._sender = sender
        self._shard_rows = shard_rows

    def __call__(self, attempt: Attempt) -> Publish:
        """Judge every row. Raises as `judge_with` does; the shards then stop as well."""
        task = self._task(attempt)
        try:
            self._judge(task)
        except (RunPaused, Exception):
            if attempt.order is None:  # nobody has told the shards
                attempt.write(partial(halt, evaluation_id=attempt.job_id))
            raise
        return self._conclusion(task)

    def _task(self, attempt: Attempt) -> _Task:
        def task(session: Session) -> _Task:
            evaluation = session.get(EvaluationRow, attempt.job_id)
            if evaluation is None:
                raise NotFound(KIND, attempt.job_id)
            return _Task(
                attempt=attempt,
                evaluation=evaluation,
                judge=judge_of(session, evaluation),
                asking=self._bench.session(evaluation, attempt.control),
                total=rows.count(session, evaluation),
                shards_begin_after=shards.begins_after(session, attempt.job_id),
            )

        return attempt.read(task)

    def _judge(self, task: _Task) -> None:
        is_spread = task.shards_begin_after is not None or task.total > self._shard_rows
        done, last = 0, 0
        while batch := self._next(task, done, last):
            self._judge_batch(task, batch, done, last)
            done, last = done + len(batch), batch[-1].number or 0
            if is_spread:
                break
        if is_spread:
            Spread(self._sender, task.attempt, task.evaluation).watch(
                after=last, shard_rows=self._shard_rows, done=done, usage=task.asking.usage
            )

    def _next(self, task: _Task, done: int, last: int) -> Sequence[ExampleRow]:
        until = task.shards_begin_after
        limit = None if until is not None else BATCH_ROWS if done else FIRST_ROWS
        return task.attempt.read(
            lambda session: rows.page(session, task.evaluation, after=last, until=until, limit=limit)
        )

    def _judge_batch(self, task: _Task, batch: Sequence[ExampleRow], done: int, last: int) -> None:
        told = partial(_tell, task, done)
        outcomes = self._bench.judge(task.judge, batch, task.asking, told, canary=not done)

        def store(session: Session) -> None:
            evaluation_id = task.evaluation.id
            until = task.shards_begin_after
            rows.store(session, evaluation_id, batch, outcomes, after=last, until=until)
            stored = session.get_one(EvaluationRow, evaluation_id)
            stored.judged = done + len(batch)
            session.add(stored)

        task.attempt.write(store)

    def _conclusion(self, task: _Task) -> Publish:
        """What the verdicts come to, counted before the transaction that stores it begins."""
        agreement = task.attempt.read(lambda session: card(session, task.evaluation))
        people = task.attempt.read(lambda session: human_agreement(session, task.evaluation.dataset_id))
        said = classifier.classify(
            task.attempt.read(lambda session: classifier.sample(session, task.evaluation))
        )

        def publish(session: Session) -> None:
            evaluation = session.get_one(EvaluationRow, task.evaluation.id)
            in_shards = select(shards.judged_beside()).where(col(EvaluationRow.id) == evaluation.id)
            evaluation.judged += session.scalars(in_shards).one()
            evaluation.agreement = agreement
            evaluation.human_agreement = people.model_dump(mode="json") if people else None
            session.add(evaluation)
            classifier.store(session, evaluation.id, said)
            shards.clear(session, evaluation.id)

        return publish


def _tell(task: _Task, before: int, done: int, *_: object) -> None:
    if task.shards_begin_after is not None:  # its shards are further than this
        return
    usage, judged = task.asking.usage, before + done
    left = (task.total - judged) * usage.calls / judged if judged else None
    task.attempt.progress("judging", judged, task.total, usage, calls_left=left)


class ShardWork:
    """Does shards: a part of an evaluation's rows, whose verdicts are stored with the job's end."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, attempt: Attempt) -> Publish:
        """Judge the shard's rows. Raises as `judge_with` does."""
        part = attempt.read(lambda session: _part(session, attempt.job_id))
        asking = self._bench.session(part.evaluation, attempt.control)

        def told(done: int, total: int, _usage: Usage) -> None:
            attempt.progress("judging", done, total, asking.usage)

        outcomes = self._bench.judge(part.judge, part.rows, asking, told, canary=False)
        return partial(
            rows.store,
            evaluation_id=part.evaluation.id,
            rows=part.rows,
            outcomes=outcomes,
            after=part.shard.after_row,
            until=part.shard.last_row,
        )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A shard with what it takes to judge it."""

    shard: ShardRow
    evaluation: EvaluationRow
    judge: tuple[Artifact, ModelRef | None]
    rows: Sequence[ExampleRow]


def _part(session: Session, shard_id: str) -> _Part:
    shard = session.get(ShardRow, shard_id)
    if shard is None:
        raise NotFound(shards.KIND, shard_id)
    evaluation = session.get_one(EvaluationRow, shard.evaluation_id)
    return _Part(
        shard=shard,
        evaluation=evaluation,
        judge=judge_of(session, evaluation),
        rows=rows.page(session, evaluation, after=shard.after_row, until=shard.last_row, limit=None),
    )

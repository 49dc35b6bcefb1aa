"""An assertion run in a worker: rows in batches, each asked about by all assertions, so that what they say
appears while people grade. What is there already is never asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from experiments.spec import judge_decoding
from optimizers.checks import CheckRunner
from optimizers.evaluate import PROBE_ROWS, evaluate
from optimizers.lm.gateway import Gateway
from optimizers.lm.gateway import Session as Asking
from optimizers.lm.loop import BackgroundLoop
from optimizers.rendering import render
from optimizers.types import Budget, Candidate, Example, ModelRef, Outcome, Usage
from service.criteria import verdicts
from service.criteria.runs import KIND
from service.criteria.tables import AssertionRow, AssertionRunRow
from service.datasets.tables import ExampleRow
from service.errors import NotFound
from service.jobs.attempts import Attempt
from service.jobs.performer import Publish

FIRST_ROWS = 16
"""A small first batch: a wrong key shows at once, and so do the first verdicts."""
BATCH_ROWS = 64


class AssertionRunWork:
    """Does assertion runs. `max_in_flight` bounds the model calls that one has open."""

    def __init__(
        self, gateway: Gateway, loop: BackgroundLoop, checks: CheckRunner, *, max_in_flight: int
    ) -> None:
        self._gateway = gateway
        self._loop = loop
        self._checks = checks
        self._max_in_flight = max_in_flight

    def __call__(self, attempt: Attempt) -> Publish:
        """Ask every assertion about every row. Raises as `evaluate` does."""
        run = attempt.read(lambda session: _run(session, attempt.job_id))
        cap = Budget(**run.spend_cap) if run.spend_cap else None
        task = _Task(
            attempt=attempt,
            run=run,
            assertions=attempt.read(lambda session: _assertions(session, run)),
            asking=self._gateway.session(
                run.id, Budget(), cap, attempt.control, max_in_flight=self._max_in_flight
            ),
            rows=attempt.read(lambda session: session.scalar(_of(select(func.count()), run)) or 0),
        )
        last = 0
        while batch := self._next(task, last):
            for assertion in task.assertions:
                attempt.control.check()
                self._ask(task, assertion, batch)
            last = batch[-1].number or 0
        return task.publish

    def _next(self, task: "_Task", last: int) -> Sequence[ExampleRow]:
        limit = BATCH_ROWS if last else FIRST_ROWS
        query = _of(select(ExampleRow), task.run).where(col(ExampleRow.number) > last)
        return task.attempt.read(
            lambda session: list(session.scalars(query.order_by(col(ExampleRow.number)).limit(limit)))
        )

    def _ask(self, task: "_Task", assertion: AssertionRow, batch: Sequence[ExampleRow]) -> None:
        model = task.model_of(assertion)
        key = verdicts.key_of(model) if model else verdicts.NO_MODEL
        ids = [row.example_id for row in batch]
        known = task.attempt.read(lambda session: verdicts.there(session, assertion.id, key, ids))
        rows = [
            Example(id=row.example_id, input=row.input, output=row.output)
            for row in batch
            if row.example_id not in known
        ]
        task.judged += len(known)
        found = self._answers(task, assertion, model, rows) if rows else {}

        def store(session: Session) -> None:
            verdicts.store(session, assertion.id, model, found)
            task.publish(session)

        task.judged += len(found)
        task.tell(0, 0, task.asking.usage)
        task.attempt.write(store)

    def _answers(
        self, task: "_Task", assertion: AssertionRow, model: ModelRef | None, rows: Sequence[Example]
    ) -> Mapping[str, Outcome]:
        if model is None:
            said = self._checks.evaluate(assertion.text, rows)
            return {row.id: outcome for row, outcome in zip(rows, said, strict=True)}
        # Where the model has answered another prompt, it is this one's fault if it is rejected.
        first = not task.asking.usage.calls
        candidate = Candidate(instruction=assertion.text, reasoning=assertion.reasoning)
        found = self._loop.run(
            evaluate(
                render(candidate, assertion.criterion_text, judge_decoding(model)),
                rows,
                task.asking,
                candidate_id=candidate.id,
                model=model,
                abreast=task.asking.abreast,
                on_progress=task.tell,
                canary=first,
                probes=PROBE_ROWS if first else 0,
            )
        )
        return found.outcomes


@dataclass(kw_only=True)
class _Task:
    """What one attempt has to do, and how far it is."""

    attempt: Attempt
    run: AssertionRunRow
    assertions: Sequence[AssertionRow]
    asking: Asking
    rows: int
    judged: int = field(default=0)

    @cached_property
    def _model(self) -> ModelRef | None:
        return ModelRef(name=self.run.model, api_base=self.run.api_base) if self.run.model else None

    def model_of(self, assertion: AssertionRow) -> ModelRef | None:
        """The model that an assertion asks; `None` for a check."""
        return None if assertion.kind == "check" else self._model

    def tell(self, done: int, _: int, _usage: Usage) -> None:
        """So many rows of the assertion at hand are done."""
        usage, total = self.asking.usage, self.rows * len(self.assertions)
        judged = min(self.judged + done, total)
        left = (total - judged) * usage.calls / judged if judged else None
        self.attempt.progress("judging", judged, total, usage, calls_left=left)

    def publish(self, session: Session) -> None:
        """Note how many cells are there."""
        run = session.get_one(AssertionRunRow, self.run.id)
        run.judged = self.judged
        session.add(run)


def _run(session: Session, run_id: str) -> AssertionRunRow:
    run = session.get(AssertionRunRow, run_id)
    if run is None:
        raise NotFound(KIND, run_id)
    return run


def _assertions(session: Session, run: AssertionRunRow) -> Sequence[AssertionRow]:
    """In the order in which they were asked for."""
    found = {
        row.id: row
        for row in session.scalars(select(AssertionRow).where(col(AssertionRow.id).in_(run.assertions)))
    }
    return [found[assertion_id] for assertion_id in run.assertions]


def _of(statement: Any, run: AssertionRunRow) -> Any:  # Any: a select of whatever columns
    statement = statement.where(
        col(ExampleRow.dataset_id) == run.dataset_id, col(ExampleRow.number) <= run.last_row
    )
    return statement.where(col(ExampleRow.label).is_not(None)) if run.only_labelled else statement

"""Code checks within a request: verified, and tried on rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from optimizers.checks import CheckRunner
from optimizers.types import Example, Failure, Outcome
from service.criteria.assertion_schemas import CheckTried, TriedCell, TryCheck


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """`app.state.checks`, whose guarded process starts with the first check."""
    app.state.checks = CheckRunner()
    try:
        yield
    finally:
        await run_in_threadpool(app.state.checks.close)


def _checks(request: Request) -> CheckRunner:
    checks: CheckRunner = request.app.state.checks
    return checks


ChecksDep = Annotated[CheckRunner, Depends(_checks)]


def try_check(checks: CheckRunner, asked: TryCheck) -> CheckTried:
    """What an expression says of rows.

    Raises:
        CheckRefused: it cannot be a check.
        ChecksUnavailable: checks cannot be evaluated here.
    """
    checks.verify(asked.expression)
    rows = [
        Example(id=str(place), input=row.input, output=row.output) for place, row in enumerate(asked.rows)
    ]
    return CheckTried(cells=[_cell(outcome) for outcome in checks.evaluate(asked.expression, rows)])


def _cell(outcome: Outcome) -> TriedCell:
    if isinstance(outcome, Failure):
        return TriedCell(verdict=None, error=outcome.message)
    return TriedCell(verdict=outcome.label, error=None)

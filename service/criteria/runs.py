"""What can be done with assertion runs: each action is one function within the request's transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from secrets import token_hex

from sqlalchemy import func, select
from sqlmodel import Session, col

from optimizers.types import ModelRef
from service.catalog.choice import choose_model
from service.criteria import assertions
from service.criteria.assertion_schemas import NewAssertionRun
from service.criteria.tables import AssertionRow, AssertionRunRow
from service.criteria.verdicts import NO_MODEL, key_of
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow
from service.errors import Conflict
from service.jobs import dispatch, store
from service.jobs.engine import Sender
from service.settings import Settings

KIND = "assertion_run"


def start(session: Session, sender: Sender, asked: NewAssertionRun, settings: Settings) -> str:
    """Store an assertion run and send it to the workers; its id.

    Raises:
        NotFound: there is no such dataset or assertion.
        Conflict: there is nothing to ask, or no row to ask about.
        InvalidInput, ModelNotFound, PriceUnknown: the model cannot be asked.
    """
    get_dataset(session, asked.dataset_id)
    chosen = assertions.wanted(session, asked.dataset_id, asked.assertions)
    if not chosen:
        raise Conflict(f"{asked.dataset_id} has no assertions in use: add some to its criteria first")
    model = _model(asked, chosen, settings)
    last_row = _last_row(session, asked)
    if last_row is None:
        what = "labelled row yet: label some, or ask about all rows" if asked.rows == "labelled" else "row"
        raise Conflict(f"{asked.dataset_id} has no {what}")
    cap = asked.spend_cap.value() if asked.spend_cap else None
    settings.pricing.require([model] if model else [], cap)
    run_id = f"asrun_{token_hex(12)}"
    dispatch.submit(
        session, sender, job_id=run_id, kind=KIND, dataset_id=asked.dataset_id, priority=asked.priority
    )
    session.add(
        AssertionRunRow(
            id=run_id,
            dataset_id=asked.dataset_id,
            model=model.name if model else None,
            api_base=model.api_base if model else None,
            model_key=key_of(model) if model else NO_MODEL,
            assertions=[row.id for row in chosen],
            only_labelled=asked.rows == "labelled",
            last_row=last_row,
            spend_cap=asdict(cap) if cap else None,
        )
    )
    session.flush()
    return run_id


def _model(asked: NewAssertionRun, chosen: Sequence[AssertionRow], settings: Settings) -> ModelRef | None:
    """The model to ask, where there is a prompt among the assertions."""
    if all(row.kind == "check" for row in chosen):
        return None
    return choose_model(asked.model, asked.api_base, settings)


def _last_row(session: Session, asked: NewAssertionRun) -> int | None:
    """The newest row of the dataset, if there is any to ask about."""
    statement = select(func.max(col(ExampleRow.number))).where(col(ExampleRow.dataset_id) == asked.dataset_id)
    newest = session.scalar(statement)
    if (
        asked.rows == "labelled"
        and session.scalar(statement.where(col(ExampleRow.label).is_not(None))) is None
    ):
        return None
    return newest


def cancel(session: Session, run_id: str) -> None:
    """End a run; see `dispatch.cancel`."""
    dispatch.cancel(session, store.get(session, KIND, run_id, lock=True))


def pause(session: Session, run_id: str) -> None:
    """Let a run wait; see `dispatch.pause`."""
    dispatch.pause(session, store.get(session, KIND, run_id, lock=True))


def resume(session: Session, sender: Sender, run_id: str) -> None:
    """Go on with a run; see `dispatch.resume`."""
    dispatch.resume(session, sender, store.get(session, KIND, run_id, lock=True))


def retry(session: Session, sender: Sender, run_id: str) -> None:
    """Begin a failed or cancelled run anew; see `dispatch.retry`."""
    dispatch.retry(session, sender, store.get(session, KIND, run_id, lock=True))

"""The endpoints of assertion runs: parse, call one action, return."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.criteria import run_views, runs
from service.criteria.assertion_schemas import AssertionRunOut, NewAssertionRun
from service.db import transaction
from service.dependencies import EngineDep, SessionDep, SettingsDep
from service.idempotency import OnceDep, Reply
from service.jobs import dependencies as jobs
from service.jobs import store, streams
from service.jobs.dependencies import SenderDep
from service.paging import Page, PageDep

router = APIRouter(lifespan=jobs.lifespan)


@router.post("/assertion-runs", status_code=202, response_model=AssertionRunOut)
def start_assertion_run(
    asked: NewAssertionRun, session: SessionDep, sender: SenderDep, settings: SettingsDep, once: OnceDep
) -> Response:
    """Ask assertions about a dataset's rows. A worker does it, batch by batch: people can grade meanwhile."""

    def act() -> Reply:
        run_id = runs.start(session, sender, asked, settings)
        body = run_views.one(session, run_id).model_dump(mode="json")
        return Reply(status=202, body=body, headers={"Location": f"/api/assertion-runs/{run_id}"})

    return once(asked.model_dump(mode="json", exclude_unset=True), act)


@router.get("/assertion-runs")
def list_assertion_runs(
    session: SessionDep, request: PageDep, dataset_id: Annotated[str | None, Query()] = None
) -> Page[AssertionRunOut]:
    """Assertion runs, newest first."""
    return run_views.page(session, request, dataset_id=dataset_id)


@router.get("/assertion-runs/{run_id}")
def get_assertion_run(run_id: str, session: SessionDep) -> AssertionRunOut:
    """One assertion run: where it is, and what it took."""
    return run_views.one(session, run_id)


def _existing(run_id: str, engine: EngineDep) -> str:
    with transaction(engine, read_only=True) as session:
        store.get(session, runs.KIND, run_id)
    return run_id


@router.get("/assertion-runs/{run_id}/events", response_class=EventSourceResponse)
async def stream_assertion_run(
    run_id: Annotated[str, Depends(_existing)], engine: EngineDep, last: streams.LastEventDep
) -> AsyncIterator[ServerSentEvent]:
    """What happens, as it happens: `status` and `progress` events, until it has ended."""
    async for event in streams.events(engine, runs.KIND, run_id, last):
        yield event


@router.post("/assertion-runs/{run_id}/cancel")
def cancel_assertion_run(run_id: str, session: SessionDep) -> AssertionRunOut:
    """End it; what was said stays."""
    runs.cancel(session, run_id)
    return run_views.one(session, run_id)


@router.post("/assertion-runs/{run_id}/pause")
def pause_assertion_run(run_id: str, session: SessionDep) -> AssertionRunOut:
    """Let it wait."""
    runs.pause(session, run_id)
    return run_views.one(session, run_id)


@router.post("/assertion-runs/{run_id}/resume")
def resume_assertion_run(run_id: str, session: SessionDep, sender: SenderDep) -> AssertionRunOut:
    """Go on. Only what was in flight is paid again."""
    runs.resume(session, sender, run_id)
    return run_views.one(session, run_id)


@router.post("/assertion-runs/{run_id}/retry")
def retry_assertion_run(run_id: str, session: SessionDep, sender: SenderDep) -> AssertionRunOut:
    """Begin a failed or cancelled one anew; what was answered is not paid again."""
    runs.retry(session, sender, run_id)
    return run_views.one(session, run_id)

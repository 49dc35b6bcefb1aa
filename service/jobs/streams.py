"""A job's events as a server-sent stream, which any later connection can take up where one broke."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
from fastapi import Depends, Header, Query
from fastapi.sse import ServerSentEvent
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from service.db import transaction
from service.errors import CursorInvalid, NotFound
from service.jobs import queue, store
from service.jobs.schemas import JobState, state_of
from service.jobs.states import ENDED

LOOK_S = 0.3
BATCH = 200
HIGHEST_ID = 2**63 - 1
"""The largest number that a database's column can hold."""


@dataclass(frozen=True, kw_only=True)
class _Look:
    events: list[ServerSentEvent]
    last: int
    state: dict[str, Any]
    ended: bool


def _last_event(
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was received.")
    ] = None,
    after: Annotated[
        int | None, Query(ge=0, le=HIGHEST_ID, description="The same, for clients without headers.")
    ] = None,
) -> int:
    if after is not None:
        return after
    if not last_event_id:
        return 0
    if not last_event_id.isdecimal() or len(last_event_id) >= len(str(HIGHEST_ID)):
        raise CursorInvalid(f"Last-Event-ID {last_event_id[:40]!r} is not one of ours")
    return int(last_event_id)


async def events(engine: Engine, kind: str, job_id: str, last: int) -> AsyncIterator[ServerSentEvent]:
    """The job's events after number `last`, as they happen, until it has ended or is gone.

    `status` and `trial` events carry an id to resume from; `progress` ones, which tell the present
    state and may be missed, carry none.
    """
    shown: dict[str, Any] | None = None
    while True:
        try:
            look = await run_in_threadpool(_look, engine, kind, job_id, last)
        except NotFound:  # its dataset was deleted meanwhile; whoever comes back is told so
            return
        for event in look.events:
            yield event
        last = look.last
        if look.state != shown:
            shown = look.state
            yield ServerSentEvent(event="progress", data=shown)
        if look.ended and not look.events:
            return
        if not look.events:
            await anyio.sleep(LOOK_S)


def _look(engine: Engine, kind: str, job_id: str, last: int) -> _Look:
    with transaction(engine, read_only=True) as session:
        job = store.get(session, kind, job_id)
        ahead = queue.ahead_of(session, job)
        rows = store.events_after(session, job_id, last, BATCH)
    found = [
        ServerSentEvent(
            id=str(row.number), event=row.kind, data={**row.data, "at": row.created_at.isoformat()}
        )
        for row in rows
    ]
    return _Look(
        events=found,
        last=rows[-1].number or last if rows else last,
        state=JobState.model_validate(state_of(job, ahead)).model_dump(mode="json"),
        ended=job.status in ENDED,
    )


LastEventDep = Annotated[int, Depends(_last_event)]

"""What endpoints that start or steer jobs ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from service.jobs.engine import Sender, migrate


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """For routers whose endpoints send jobs: the engine's tables, and `app.state.sender`."""
    if not hasattr(app.state, "sender"):
        await run_in_threadpool(migrate, app.state.settings.database)
        app.state.sender = Sender(app.state.engine)
    yield


def _sender(request: Request) -> Sender:
    sender: Sender = request.app.state.sender
    return sender


SenderDep = Annotated[Sender, Depends(_sender)]
